#!/bin/bash
# Makes the C package as an archive, which may be unpacked anywhere:
#
#   archive.sh BUILT OUTPUT      makes OUTPUT/cluster-leader-c-VERSION-linux-MACHINE.tar.gz
#
# BUILT is as install.sh has it. Where make natives has made it, the shared library is the one for glibc 2.17 and newer.
set -eu -o pipefail

built=$(realpath "$1")
output=$2
root=$(cd "$(dirname "$0")/../../.." && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
name=cluster-leader-c-$version-linux-$(uname -m)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

natives=$("$root/crates/ffi/natives/build.sh" --for-maven 2>/dev/null)
library=$built/libcluster_leader.so
if [ -n "$natives" ]; then
    library=${natives#-Dnatives=}/linux-$(uname -m)/libcluster_leader.so
fi
mkdir -p "$work/built" "$output"
ln -s "$library" "$built/static" "$work/built/"
env -u LIBDIR -u INCLUDEDIR -u DOCDIR PREFIX="/$name" DESTDIR="$work/stage" \
    "$root/crates/ffi/install/install.sh" install "$work/built" >/dev/null
# The same bytes whenever it is made.
tar -C "$work/stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime=2026-01-01T00:00:00Z --mode=u=rwX,go=rX \
    -c "$name" | gzip -9n >"$output/$name.tar.gz"
echo "$output/$name.tar.gz: $(stat -c %s "$output/$name.tar.gz") bytes, with $library"
