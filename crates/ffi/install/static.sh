#!/bin/bash
# Makes the static library, of which programs see nothing but the functions of the header:
#
#   static.sh ARCHIVE OUTPUT
#
# ARCHIVE is rustc's: it has all of Rust's own symbols, so that a program could not link two of them.
# All of it becomes one object; groups are resolved in it, because the linker would take another
# library's group of the same name for a double, and leave that one without its symbols. Bitcode, which some
# of Rust's own objects carry beside their code, goes: tools that know bitcode would see nothing else.
set -eu -o pipefail

archive=$1
output=$2
root=$(cd "$(dirname "$0")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

functions=$(sed -n 's/^[a-z].*[ *]\(cluster_leader_[a-z_]*\)(.*/\1/p' "$root/include/cluster_leader.h")
ld -r --gc-sections --force-group-allocation $(printf -- '-u %s ' $functions) -o "$work/cluster_leader.o" "$archive"
objcopy --remove-section .llvmbc --remove-section .llvmcmd --strip-unneeded --wildcard --keep-global-symbol='cluster_leader_*' "$work/cluster_leader.o"
mkdir -p "$(dirname "$output")"
rm -f "$output"
ar rcsD "$output" "$work/cluster_leader.o"
