#!/usr/bin/env bash
# What make natives makes: looked into, run as far as this machine can, and made once more elsewhere:
#
#     tests/packaging/natives.sh [FOLDER]      FOLDER/PLATFORM/libcluster_leader.so; by default what make natives makes
set -euo pipefail
repo=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for variable in ${!CLUSTER_LEADER_@}; do unset "$variable"; done

fail() {
  echo "tests/packaging/natives.sh: $*" >&2
  exit 1
}

skip() { # what cannot be tested here; where a release is made nothing may be left out
  [ -z "${CI:-}" ] || fail "must not be skipped where CI is set: $*"
  echo "SKIPPED: $*"
}

status=0
folder=${1:-$("$repo/crates/ffi/natives/build.sh")} || status=$?
case $status in
  0) ;;
  77)
    skip "the libraries of the jar, which cannot be built here"
    exit
    ;;
  *) fail "make natives failed" ;;
esac

# ---- looked into ----------------------------------------------------------------------------

exported() { nm --dynamic --defined-only --format=posix "$1" | cut -d ' ' -f 1 | LC_ALL=C sort; }

inspect() { # PLATFORM
  local platform=$1 library=$folder/$1/libcluster_leader.so dynamic needed allowed newest
  case $platform in
    linux-x86_64*) machine='Advanced Micro Devices X86-64' ;;
    linux-aarch64*) machine='AArch64' ;;
  esac
  grep -q "Machine: *$machine" <<<"$(readelf --file-header "$library")" || fail "$platform is not for $machine"

  dynamic=$(readelf --dynamic --wide "$library")
  grep -q 'SONAME.*\[libcluster_leader.so.1\]' <<<"$dynamic" || fail "$platform has another SONAME: $dynamic"
  ! grep -qE 'RPATH|RUNPATH|TEXTREL' <<<"$dynamic" || fail "$platform has an RPATH or text relocations: $dynamic"

  # Nothing that the smallest image does not have: no libgcc_s above all.
  needed=$(sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' <<<"$dynamic")
  case $platform in
    *-musl) allowed='libc\.so' ;;
    *) allowed='(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|librt\.so\.1|ld-linux-[a-z0-9-]*\.so\.[0-9])' ;;
  esac
  ! grep -vxE "$allowed" <<<"$needed" || fail "$platform needs the libraries above"

  newest=$(readelf --version-info --wide "$library" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1 || true)
  case $platform in
    *-musl) [ -z "$newest" ] || fail "$platform needs $newest" ;;
    *) [ "$(printf '%s\nGLIBC_2.17\n' "$newest" | sort -V | tail -n 1)" = GLIBC_2.17 ] || fail "$platform needs $newest" ;;
  esac

  exported "$library" >"$work/$platform.symbols"
  ! grep -vE '^(cluster_leader_|Java_io_clusterleader_|JNI_On(Load|Unload)$)' "$work/$platform.symbols" || fail "$platform exports the symbols above"
  cmp "$work/linux-x86_64.symbols" "$work/$platform.symbols" || fail "$platform exports other symbols than linux-x86_64"

  # Else its atexit handler would be called at the end of a process that had unloaded it.
  grep -q ' __cxa_finalize' <<<"$(nm --dynamic --undefined-only "$library")" || fail "$platform leaves its exit handlers behind when it is unloaded"

  # The machine it was built on.
  ! strings "$library" | grep -F -e "$repo" -e "$HOME/" -e /.cargo/ -e /usr/src/ -e /tmp/ || fail "$platform names the paths above"

  printf '%-20s %8d bytes, needs %s%s\n' "$platform" "$(stat -c %s "$library")" "$(paste -sd ' ' <<<"$needed")" "${newest:+, $newest at most}"
}

for platform in linux-x86_64 linux-aarch64 linux-x86_64-musl linux-aarch64-musl; do
  inspect "$platform"
done

# ---- run ------------------------------------------------------------------------------------

leads() { # PLATFORM COMPILER [RUNNER...]: a C program that is linked with it leads
  local platform=$1 compiler=$2
  shift 2
  mkdir -p "$work/$platform"
  ln -s "$folder/$platform/libcluster_leader.so" "$work/$platform/libcluster_leader.so"
  ln -s libcluster_leader.so "$work/$platform/libcluster_leader.so.1"
  # The compiler is one word or more.
  # shellcheck disable=SC2086
  $compiler -std=c99 -Wall -Wextra -Werror -pedantic -I"$repo/include" "$repo/tests/packaging/leads.c" \
    -L"$work/$platform" -lcluster_leader -Wl,-rpath,"$work/$platform" -o "$work/$platform/leads"
  [ "$(CLUSTER_LEADER_STORE=file:$work/$platform/store "$@" "$work/$platform/leads" 2>"$work/$platform/log")" = leads ] ||
    fail "$platform does not lead: $(cat "$work/$platform/log")"
  echo "$platform: a C program leads, loaded by $(readelf --program-headers "$work/$platform/leads" | sed -n 's/.*interpreter: \(.*\)]/\1/p')"
}

if [ "$(uname -m)" != x86_64 ]; then
  skip "running the libraries: this machine is no x86_64"
  exit
fi
leads linux-x86_64 cc
if command -v musl-gcc >/dev/null; then
  leads linux-x86_64-musl musl-gcc
else
  skip "running linux-x86_64-musl: no musl-gcc (Debian: apt-get install musl musl-tools)"
fi
zig="$(echo "$repo"/target/tools/zig-*/bin/python) -m ziglang cc -target aarch64-linux-gnu"
if command -v qemu-aarch64 >/dev/null && [ -e /usr/aarch64-linux-gnu/lib/libc.so.6 ]; then
  leads linux-aarch64 "$zig" qemu-aarch64 -L /usr/aarch64-linux-gnu
else
  skip "running linux-aarch64: no qemu-aarch64 or no libc for it (Debian: apt-get install qemu-user libc6-arm64-cross)"
fi

# ---- made once more ---------------------------------------------------------------------------

[ -n "${1:-}" ] || "$repo/crates/ffi/natives/build.sh" --reproduce linux-x86_64
