#!/bin/bash
# The C package as its users get it: installed into an empty place, moved, and built against from
# C and C++ with pkg-config and CMake. `make test-packaging` calls it with what it has built.
#
#   tests/packaging/c.sh BUILT
set -eu -o pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
built=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for variable in ${!CLUSTER_LEADER_@}; do unset "$variable"; done
unset DESTDIR PREFIX LIBDIR INCLUDEDIR DOCDIR PKG_CONFIG_PATH LD_LIBRARY_PATH
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
strict="-Wall -Wextra -Werror -pedantic"

fail() {
    echo "tests/packaging/c.sh: $*" >&2
    exit 1
}
# Whether a tool is there; says so if not, and fails in CI.
has() {
    if command -v "$1" >/dev/null; then return 0; fi
    [ -z "${CI:-}" ] || fail "$1 is missing (Debian: apt-get install $2)"
    echo "SKIPPED: $3: $1 is missing (Debian: apt-get install $2)"
    return 1
}
install_to() { # DESTDIR PREFIX [LIBDIR]
    DESTDIR=$1 PREFIX=$2 LIBDIR=${3:-} "$root/crates/ffi/install/install.sh" install "$built" >"$work/installed"
}
listing() { (cd "$1" && find . -type f -exec sha256sum {} + -o -type l -printf '%l  %p\n' | sort -k 2); }

# Runs a program until its job has run there, then ends it by SIGTERM; it must end well.
runs() {
    local name=$1
    shift
    CLUSTER_LEADER_ELECTION=example CLUSTER_LEADER_STORE=file:$(mktemp -d "$work/store.XXXX") "$@" \
        >"$work/$name.out" 2>"$work/$name.err" &
    local job=$!
    for _ in {1..600}; do
        if [ -s "$work/$name.out" ] || ! kill -0 "$job" 2>/dev/null; then break; fi
        sleep 0.1
    done
    kill -TERM "$job" 2>/dev/null || true
    wait "$job" || { cat "$work/$name.err" >&2 && fail "$name: $* ended badly"; }
    grep -q "the job runs here" "$work/$name.out" || { cat "$work/$name.err" >&2 && fail "$name: no job ran"; }
    echo "ok $name"
}

# ---- what is installed, and where ----------------------------------------------------------------

install_to "$work/stage" /usr /usr/lib/some-linux-gnu
expected="./usr/include/cluster_leader.h
./usr/lib/some-linux-gnu/cmake/ClusterLeader/ClusterLeaderConfig.cmake
./usr/lib/some-linux-gnu/cmake/ClusterLeader/ClusterLeaderConfigVersion.cmake
./usr/lib/some-linux-gnu/libcluster_leader.a
./usr/lib/some-linux-gnu/libcluster_leader.so
./usr/lib/some-linux-gnu/libcluster_leader.so.1
./usr/lib/some-linux-gnu/libcluster_leader.so.1.$version
./usr/lib/some-linux-gnu/pkgconfig/cluster_leader.pc
./usr/share/doc/cluster_leader/LICENSE
./usr/share/doc/cluster_leader/LICENSE-APACHE
./usr/share/doc/cluster_leader/LICENSE-MIT"
diff <(echo "$expected") <(cd "$work/stage" && find . -not -type d | sort) || fail "not what is expected below DESTDIR"
listing "$work/stage" >"$work/once"
install_to "$work/stage" /usr /usr/lib/some-linux-gnu
diff "$work/once" <(listing "$work/stage") || fail "installing twice is not the same as once"
lib=$work/stage/usr/lib/some-linux-gnu
[ "$(readlink "$lib/libcluster_leader.so")" = libcluster_leader.so.1 ] || fail "libcluster_leader.so"
[ "$(readlink "$lib/libcluster_leader.so.1")" = "libcluster_leader.so.1.$version" ] || fail "libcluster_leader.so.1"
if grep -rlF -e "$root" -e "$work" -e "$built" -e "${CARGO_HOME:-$HOME/.cargo}" "$work/stage"; then
    fail "paths of the machine that it was built on are in these files"
fi
DESTDIR=$work/stage PREFIX=/usr LIBDIR=/usr/lib/some-linux-gnu "$root/crates/ffi/install/install.sh" uninstall "$built"
[ -z "$(find "$work/stage" -not -type d)" ] || fail "uninstalling leaves: $(find "$work/stage" -not -type d)"
[ ! -e "$lib/cmake/ClusterLeader" ] || fail "uninstalling leaves a folder of ours"
echo "ok DESTDIR, LIBDIR, twice, links, uninstall"

# The archive is the same package, below a folder of its own.
"$root/crates/ffi/install/archive.sh" "$built" "$work/dist" >"$work/archived"
mv "$work/dist" "$work/dist-1"
"$root/crates/ffi/install/archive.sh" "$built" "$work/dist" >"$work/archived"
package=cluster-leader-c-$version-linux-$(uname -m)
cmp "$work/dist-1/$package.tar.gz" "$work/dist/$package.tar.gz" || fail "the archive has other bytes when it is made once more"
tar -xzf "$work/dist/$package.tar.gz" -C "$work"
diff <(sed -n 's,/lib/some-linux-gnu,/lib,; s,^./usr,.,p' <<<"$expected" | sort) <(cd "$work/$package" && find . -not -type d | sort) ||
    fail "not what is expected in the archive"
echo "ok archive"

install_to "" "$work/first"
mv "$work/first" "$work/prefix"
export LD_LIBRARY_PATH=$work/prefix/lib
library=$work/prefix/lib/libcluster_leader.so.1.$version
archive=$work/prefix/lib/libcluster_leader.a
readelf -d "$library" >"$work/dynamic"
grep -q 'Library soname: \[libcluster_leader.so.1\]' "$work/dynamic" || fail "the SONAME"
if grep -E 'RPATH|RUNPATH' "$work/dynamic"; then fail "it looks for libraries where it was built"; fi
if nm -D --defined-only "$library" | awk '{print $3}' | grep -vE '^(cluster_leader_|Java_|JNI_)'; then
    fail "the shared library exports these"
fi
if nm --defined-only --extern-only "$archive" | awk 'NF == 3 {print $3}' | grep -v '^cluster_leader_'; then
    fail "programs see these of the static library"
fi
echo "ok SONAME, symbols, no build paths"
for file in "$library" "$archive" "$work/prefix/include/cluster_leader.h"; do
    printf '   %9d bytes  %s\n' "$(stat -c %s "$file")" "${file#"$work/prefix/"}"
done

# ---- the header, alone ---------------------------------------------------------------------------

echo '#include <cluster_leader.h>' >"$work/alone.c"
for compiler in gcc clang; do
    has $compiler $compiler "the header with $compiler" || continue
    for standard in c99 c11 c17; do
        $compiler -std=$standard $strict -I"$work/prefix/include" -fsyntax-only "$work/alone.c"
    done
    for standard in c++11 c++17 c++20; do
        $compiler -std=$standard $strict -I"$work/prefix/include" -fsyntax-only -x c++ "$work/alone.c"
    done
done
echo "ok header, alone"

# ---- pkg-config -----------------------------------------------------------------------------------

cp -r "$root/examples/c" "$work/example"
cd "$work/example"
if has pkg-config pkg-config "the examples with pkg-config"; then
    export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
    [ "$(pkg-config --modversion cluster_leader)" = "$version" ] || fail "pkg-config --modversion"
    make --quiet
    grep -q 'NEEDED.*\[libcluster_leader.so.1\]' <<<"$(readelf -d job_loop)" || fail "what job_loop needs"
    runs "C, pkg-config" ./job_loop
    runs "C++, pkg-config" ./job_thread

    cp -r "$root/examples/c" "$work/example-2"
    PKG_CONFIG_PATH=$work/$package/lib/pkgconfig make --quiet -C "$work/example-2" job_loop
    runs "C, pkg-config, archive" env -u LD_LIBRARY_PATH "$work/example-2/job_loop"

    private=$(pkg-config --static --libs-only-l cluster_leader | sed 's/-lcluster_leader//')
    cc -std=gnu99 $strict $(pkg-config --cflags cluster_leader) job_loop.c "$archive" $private -o in-program
    if readelf -d in-program | grep libcluster_leader; then fail "the static library needs the shared one"; fi
    runs "C, pkg-config, static library" env -u LD_LIBRARY_PATH ./in-program

    # A program may have another library that is written in Rust: theirs and ours share no symbol.
    cat >"$work/other.rs" <<'RUST'
#[unsafe(no_mangle)]
pub extern "C" fn other(text: u32) -> usize {
    std::panic::catch_unwind(|| format!("{text}").len()).unwrap_or(0)
}
RUST
    rustc --edition 2024 --crate-type staticlib -o "$work/libother.a" "$work/other.rs"
    cat >two.c <<'TWO'
#define main job_loop
#include "job_loop.c"
#undef main
size_t other(uint32_t text);
int main(void)
{
    return other(77) == 2 ? job_loop() : 9;
}
TWO
    cc -std=gnu99 $strict $(pkg-config --cflags cluster_leader) two.c "$archive" "$work/libother.a" $private -o two
    runs "C, two static libraries of Rust" env -u LD_LIBRARY_PATH ./two

    # All in one file; glibc warns that it looks up host names by shared libraries even so.
    cc -static -std=gnu99 $strict $(pkg-config --cflags cluster_leader) job_loop.c \
        $(pkg-config --static --libs cluster_leader) -o all-static 2>"$work/warnings" || { cat "$work/warnings" && false; }
    if readelf -d all-static | grep NEEDED; then fail "all-static needs shared libraries"; fi
    runs "C, pkg-config, -static" env -u LD_LIBRARY_PATH ./all-static
fi

# ---- CMake ------------------------------------------------------------------------------------------

if has cmake cmake "the examples with CMake"; then
    unset PKG_CONFIG_PATH
    cmake -S . -B build -D CMAKE_PREFIX_PATH="$work/prefix" >"$work/cmake.out" || { cat "$work/cmake.out" && false; }
    cmake --build build >"$work/cmake.out" || { cat "$work/cmake.out" && false; }
    runs "C, CMake" build/job_loop
    runs "C++, CMake" build/job_thread
    runs "C, CMake, static library" env -u LD_LIBRARY_PATH build/job_loop_static
    sed 's/ClusterLeader 0.1/ClusterLeader 2/' CMakeLists.txt >"$work/newer"
    mv "$work/newer" CMakeLists.txt
    if cmake -S . -B build-2 -D CMAKE_PREFIX_PATH="$work/prefix" >"$work/cmake.out" 2>&1; then
        fail "find_package finds a version 2"
    fi
    grep -q 'requested version "2"' "$work/cmake.out" || { cat "$work/cmake.out" && fail "which version was asked for"; }
    echo "ok CMake, a version that it is not"
fi
