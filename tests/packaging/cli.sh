#!/bin/bash
# The command as it is installed: where its files are, that it runs, that it goes again.
#
#   cli.sh BUILT
set -eu -o pipefail

built=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "cli.sh: $*" >&2 && exit 1; }

DESTDIR=$work PREFIX=/usr "$root/crates/cli/install.sh" install "$built" >/dev/null
pages="cluster-leader cluster-leader-completions cluster-leader-doctor cluster-leader-man cluster-leader-manifest
cluster-leader-run cluster-leader-serve cluster-leader-status cluster-leader-step-down cluster-leader-watch"
expected=$(
    echo ./usr/bin/cluster-leader
    echo ./usr/share/bash-completion/completions/cluster-leader
    echo ./usr/share/fish/vendor_completions.d/cluster-leader.fish
    for page in $pages; do echo "./usr/share/man/man1/$page.1"; done
    echo ./usr/share/zsh/site-functions/_cluster-leader
)
diff <(sort <<<"$expected") <(cd "$work" && find . -type f | sort) || fail "not what is expected below DESTDIR"
if grep -rlF -e "$root" -e "${CARGO_HOME:-$HOME/.cargo}" "$work/usr"; then
    fail "paths of the machine that it was built on are in these files"
fi
said=$(CLUSTER_LEADER_STORE=file:$work/store "$work/usr/bin/cluster-leader" run --election job -- sh -c 'echo term $CLUSTER_LEADER_TERM' 2>/dev/null)
[ "$said" = "term 0" ] || fail "run said $said"
DESTDIR=$work PREFIX=/usr "$root/crates/cli/install.sh" uninstall "$built"
[ -z "$(find "$work/usr" -type f)" ] || fail "uninstalling leaves: $(find "$work/usr" -type f)"
echo "ok the command"
