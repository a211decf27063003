#!/bin/bash
# Puts the command, its man pages and its completions below a prefix, or takes them away again:
#
#   install.sh install|uninstall BUILT
#
# BUILT is where the command was built. From the environment: PREFIX (/usr/local) and DESTDIR, which goes before it.
set -eu -o pipefail

action=$1
built=$2
prefix=${PREFIX:-/usr/local}
case $prefix in
/*) ;;
*) echo "install: $prefix is not an absolute path, as PREFIX must be" >&2 && exit 1 ;;
esac
root=${DESTDIR:-}$prefix
share=$root/share

if [ "$action" = uninstall ]; then
    rm -f "$root/bin/cluster-leader" "$share"/man/man1/cluster-leader.1 "$share"/man/man1/cluster-leader-*.1 \
        "$share/bash-completion/completions/cluster-leader" "$share/zsh/site-functions/_cluster-leader" \
        "$share/fish/vendor_completions.d/cluster-leader.fish"
    exit
fi

mkdir -p "$root/bin" "$share/man/man1"
# Atomically, so that a process that runs keeps what it runs.
install -m 755 "$built/cluster-leader" "$root/bin/cluster-leader.new"
mv -f "$root/bin/cluster-leader.new" "$root/bin/cluster-leader"
echo "$root/bin/cluster-leader"
"$built/cluster-leader" man --directory "$share/man/man1"
echo "$share/man/man1/cluster-leader.1"

completions() {
    mkdir -p "$(dirname "$2")"
    "$built/cluster-leader" completions "$1" >"$2"
    echo "$2"
}
completions bash "$share/bash-completion/completions/cluster-leader"
completions zsh "$share/zsh/site-functions/_cluster-leader"
completions fish "$share/fish/vendor_completions.d/cluster-leader.fish"
