#!/bin/bash
# Puts the C package below a prefix, or takes it away again:
#
#   install.sh install|uninstall BUILT
#
# BUILT is where the libraries were built. From the environment: PREFIX (/usr/local), LIBDIR
# (PREFIX/lib), INCLUDEDIR (PREFIX/include), DOCDIR (PREFIX/share/doc/cluster_leader), and DESTDIR,
# which goes before all of them and is in none of the files. What is installed may be moved: its
# files find each other by their places.
set -eu -o pipefail

action=$1
built=$2
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
includedir=${INCLUDEDIR:-$prefix/include}
docdir=${DOCDIR:-$prefix/share/doc/cluster_leader}
for place in "$prefix" "$libdir" "$includedir" "$docdir"; do
    case $place in
    /*) ;;
    *) echo "install: $place is not an absolute path, as PREFIX, LIBDIR, INCLUDEDIR and DOCDIR must be" >&2 && exit 1 ;;
    esac
done
DESTDIR=${DESTDIR:-}
header=$root/include/cluster_leader.h
version=$(sed -n 's/^#define CLUSTER_LEADER_VERSION "\(.*\)"/\1/p' "$header")
abi=$(sed -n 's/^#define CLUSTER_LEADER_ABI_VERSION //p' "$header")

from() { realpath --canonicalize-missing --no-symlinks --relative-to="$1" "$2"; }

filled() {
    sed -e "s|@VERSION@|$version|g" -e "s|@ABI_VERSION@|$abi|g" \
        -e "s|@PREFIX_FROM_PKGCONFIG@|$(from "$libdir/pkgconfig" "$prefix")|" \
        -e "s|@PREFIX_FROM_CMAKE@|$(from "$libdir/cmake/ClusterLeader" "$prefix")|" \
        -e "s|@LIBDIR_FROM_PREFIX@|$(from "$prefix" "$libdir")|" \
        -e "s|@INCLUDEDIR_FROM_PREFIX@|$(from "$prefix" "$includedir")|" "$here/$1.in"
}

# put MODE FILE PLACE: atomically, so that programs that run keep the library that they have loaded.
put() {
    local place=$DESTDIR$3
    if [ "$action" = uninstall ]; then
        rm -f "$place"
        return
    fi
    mkdir -p "$(dirname "$place")"
    install -m "$1" "$2" "$place.new"
    mv -f "$place.new" "$place"
    echo "$place"
}

put_filled() {
    local text
    text=$(mktemp)
    filled "$1" >"$text"
    put 644 "$text" "$2"
    rm -f "$text"
}

put_link() {
    if [ "$action" = uninstall ]; then
        rm -f "$DESTDIR$2"
        return
    fi
    ln -sfn "$1" "$DESTDIR$2"
    echo "$DESTDIR$2 -> $1"
}

put 644 "$header" "$includedir/cluster_leader.h"
put 755 "$built/libcluster_leader.so" "$libdir/libcluster_leader.so.$abi.$version"
put_link "libcluster_leader.so.$abi.$version" "$libdir/libcluster_leader.so.$abi"
put_link "libcluster_leader.so.$abi" "$libdir/libcluster_leader.so"
put 644 "$built/static/libcluster_leader.a" "$libdir/libcluster_leader.a"
put_filled cluster_leader.pc "$libdir/pkgconfig/cluster_leader.pc"
for file in ClusterLeaderConfig.cmake ClusterLeaderConfigVersion.cmake; do
    put_filled "$file" "$libdir/cmake/ClusterLeader/$file"
done
for file in LICENSE LICENSE-APACHE LICENSE-MIT; do
    put 644 "$root/$file" "$docdir/$file"
done

if [ "$action" = uninstall ]; then
    # Folders of ours, if nobody else has put anything there.
    rmdir "$DESTDIR$libdir/cmake/ClusterLeader" "$DESTDIR$docdir" 2>/dev/null || true
elif [ -z "$DESTDIR" ] && [ "$(id -u)" = 0 ]; then
    ldconfig 2>/dev/null || echo "run ldconfig, if $libdir is one of the dynamic linker's directories"
fi
