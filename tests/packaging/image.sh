#!/usr/bin/env bash
# The container image of the command, as far as it can be made and run without Docker: what its Dockerfile copies, in an
# empty root, as the user that it names.
set -euo pipefail
repo=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
# unshare itself ignores SIGTERM; what it runs dies with it.
trap 'kill -KILL $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
for variable in ${!CLUSTER_LEADER_@}; do unset "$variable"; done
readonly most_bytes=8000000 dockerfile=$repo/crates/cli/Dockerfile

fail() {
  echo "tests/packaging/image.sh: $*" >&2
  exit 1
}

if [ "$(uname -m)" != x86_64 ]; then
  [ -z "${CI:-}" ] || fail "must not be skipped where CI is set: this machine is no x86_64"
  echo "SKIPPED: running the image: this machine is no x86_64"
  exit
fi
program=$("$repo/crates/ffi/natives/build.sh" --command linux-x86_64-musl) || exit

# ---- the program ----------------------------------------------------------------------------

! readelf --program-headers --wide "$program" | grep INTERP || fail "it needs the loader above"
! readelf --dynamic "$program" | grep NEEDED || fail "it needs the libraries above"
! strings "$program" | grep -F -e "$repo" -e "$HOME/" -e /.cargo/ -e /usr/src/ -e /tmp/ || fail "it names the paths above"
size=$(stat -c %s "$program")
[ "$size" -le "$most_bytes" ] || fail "it has $size bytes, more than $most_bytes"
echo "the command, static: $size bytes"

# ---- the image ------------------------------------------------------------------------------

[ "$(grep -c '^FROM' "$dockerfile")/$(grep '^FROM' "$dockerfile")" = '1/FROM scratch' ] || fail "the Dockerfile does not begin from scratch"
user=$(sed -n 's/^USER \([1-9][0-9]*\):[1-9][0-9]*$/\1/p' "$dockerfile")
[ -n "$user" ] || fail "the Dockerfile names no user by a number other than 0: Kubernetes could not tell that it is not root"
mkdir -p "$work/context/amd64" "$work/root"
cp "$program" "$work/context/amd64/"
while read -r from to; do
  cp "$work/context/${from/\$\{TARGETARCH\}/amd64}" "$work/root$to"
done < <(sed -n 's/^COPY //p' "$dockerfile")
entry=$(sed -n 's/^ENTRYPOINT \["\(.*\)"\]$/\1/p' "$dockerfile")
[ -x "$work/root$entry" ] || fail "the Dockerfile begins with $entry, which it does not copy"

# A volume, and /proc, which every container has; all else is read-only.
mkdir -m 1777 "$work/root/data"
mkdir "$work/root/proc"
chmod a-w "$work/root"
# Runs the image, as the first process of its own.
image=(unshare --user --map-user="$user" --map-group="$user" --pid --fork --kill-child --root="$work/root" --wd=/ --mount-proc -- "$entry")
[ "$("${image[@]}" --version)" = "cluster-leader $(sed -n 's/^version = "\(.*\)"/\1/p' "$repo/Cargo.toml" | head -n 1)" ] || fail "--version"
export CLUSTER_LEADER_STORE=file:/data CLUSTER_LEADER_ELECTION=job HOSTNAME=pod-0
said=$("${image[@]}" run -- "$entry" status -o json 2>"$work/log") || fail "run: $(cat "$work/log")"
grep -q '"holder": *"pod-0"' <<<"$said" || fail "it does not lead while it runs a command: $said"
"${image[@]}" serve --http localhost:0 >"$work/said" 2>"$work/log" & # a function would leave it behind: its shell would be ended, and not it
address=
for _ in {1..300}; do
  address=$(sed -n 's,^listening at http://,,p;q' "$work/said")
  if [ -n "$address" ]; then break; fi
  sleep 0.1
done
answer=
for _ in {1..300}; do
  answer=$(exec 3<>"/dev/tcp/${address%:*}/${address##*:}" && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && cat <&3) || true
  if grep -q '"name":"pod-0"' <<<"$answer"; then break; fi
  sleep 0.1
done
grep -q '"name":"pod-0"' <<<"$answer" || fail "it does not answer that it leads: $answer $(cat "$work/log")"
echo "the image, in an empty root as user $user: it runs a command, and answers"
