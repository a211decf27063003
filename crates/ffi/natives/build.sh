#!/usr/bin/env bash
# Builds libcluster_leader.so for every platform that the jar carries:
#
#     build.sh                 builds what has not been built from these sources before, prints the folder
#     build.sh --for-maven     prints the argument that has Maven put them into the jar, if all are built
#     build.sh --reproduce P   builds platform P once more, in a copy of the tree elsewhere: the same bytes?
#
# zig is the linker and the C compiler: it has every libc, and glibc in the version that is asked for. A
# standard library that the Rust toolchain lacks (rustup target add ...) is built from source, by a
# compiler that came with its source.
set -euo pipefail

readonly zig=0.17.1 zigbuild=0.24.0
readonly glibc=2.17

# The platform as the jar names it, and Rust's name for it.
readonly platforms='
linux-x86_64        x86_64-unknown-linux-gnu
linux-aarch64       aarch64-unknown-linux-gnu
linux-x86_64-musl   x86_64-unknown-linux-musl
linux-aarch64-musl  aarch64-unknown-linux-musl
'

cd "$(dirname "$0")/../../.."
readonly repo=$PWD
natives=$repo/target/natives

fail() {
  echo "crates/ffi/natives/build.sh: $*" >&2
  exit 1
}

# What goes in: the sources of the library, without their tests.
sources() {
  find crates/election crates/cluster-leader crates/ffi -path '*/tests' -prune -o -type f -print
  echo Cargo.toml
  echo Cargo.lock
}

# ---- compilers ------------------------------------------------------------------------------

# The toolchain's own, and Debian's rustc-web, whose source Debian has (rust-web-src).
compilers() {
  rustc --print sysroot | sed 's,$,/bin/rustc,'
  [ ! -x /usr/bin/rustc ] || echo /usr/bin/rustc
}

has_standard_library() { # COMPILER TARGET
  compgen -G "$("$1" --print sysroot)/lib/rustlib/$2/lib/libstd-*.rlib" >/dev/null
}

standard_library_source() { # COMPILER
  echo "$("$1" --print sysroot)/lib/rustlib/src/rust/library"
}

# The compiler for a target: one that has its standard library, else one that has the source.
compiler() { # TARGET
  local each
  for each in $(compilers); do
    if has_standard_library "$each" "$1"; then
      echo "$each"
      return
    fi
  done
  for each in $(compilers); do
    if [ -e "$(standard_library_source "$each")/std/Cargo.toml" ]; then
      echo "$each"
      return
    fi
  done
  echo "crates/ffi/natives/build.sh: no standard library for $1, and no source to build it from: run rustup target add $1," \
    "or rustup component add rust-src, or on Debian apt-get install rustc-web rust-web-src" >&2
  exit 77 # as tests that are to be skipped
}

# ---- one library ----------------------------------------------------------------------------

install_tools() {
  local tool
  for tool in cargo python3 flock; do
    command -v "$tool" >/dev/null || fail "$tool is missing: install it"
  done
  readonly tools=$repo/target/tools/zig-$zig-$zigbuild
  if [ ! -e "$tools/complete" ]; then
    python3 -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check "ziglang==$zig" "cargo-zigbuild==$zigbuild"
    touch "$tools/complete"
  fi
}

build() { # PLATFORM TARGET INTO
  local platform=$1 target=$2 into=$3 with flags build_std='' started=$SECONDS
  with=$(compiler "$target")
  # Where things were built is nobody's business, and must not change a byte. (Cargo names our own sources relatively.)
  flags="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=registry"
  if ! has_standard_library "$with" "$target"; then
    build_std=-Zbuild-std=std,panic_unwind
    local source
    source=$(standard_library_source "$with")
    flags+=" --remap-path-prefix=$source=/rust --remap-path-prefix=$(realpath "$source")=/rust"
  fi
  case $target in
    *-musl) flags+=' -C target-feature=-crt-static' ;; # else there is no shared library
    *-gnu) target+=.$glibc ;;
  esac
  mkdir -p "$into" "$natives/work"
  local begin=$natives/work/begin-$platform.o zig_target=${target/-unknown-/-}
  ZIG_GLOBAL_CACHE_DIR=$natives/zig "$tools/bin/python" -m ziglang cc -target "$zig_target" -O2 -fPIC -g0 \
    -c crates/ffi/natives/begin.c -o "$begin"
  CLUSTER_LEADER_BEGIN=$begin RUSTC=$with RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags CARGO_TARGET_DIR=$natives/work PATH=$tools/bin:$PATH \
    ZIG_GLOBAL_CACHE_DIR=$natives/zig CARGO_ZIGBUILD_CACHE_DIR=$natives/zigbuild \
    cargo zigbuild --quiet --locked --release -p cluster-leader-ffi --target "$target" $build_std >&2
  cp "$natives/work/${target%".$glibc"}/release/libcluster_leader.so" "$into/"
  echo "$platform: $(stat -c %s "$into/libcluster_leader.so") bytes in $((SECONDS - started)) s," \
    "by $("$with" --version)${build_std:+ and its standard library}" >&2
}

# ---- all of them ----------------------------------------------------------------------------

hash() {
  {
    sources | LC_ALL=C sort | xargs sha256sum
    for each in $(compilers); do "$each" -vV; done
  } | sha256sum | cut -c 1-16
}

targets() { # prints the targets that are not built yet, as lines of $platforms
  grep . <<<"$platforms" | while read -r platform target; do
    [ -e "$folder/$platform/libcluster_leader.so" ] || echo "$platform" "$target"
  done
}

build_all() {
  local todo platform target
  mkdir -p "$natives"
  exec 9>"$natives/lock"
  flock 9
  todo=$(targets)
  [ -n "$todo" ] || return 0
  install_tools
  while read -r platform target; do
    rm -rf "$folder.$platform"
    build "$platform" "$target" "$folder.$platform"
    mkdir -p "$folder"
    mv "$folder.$platform" "$folder/$platform"
  done <<<"$todo"
}

reproduce() { # PLATFORM
  local platform=$1 target
  target=$(awk -v platform="$platform" '$1 == platform { print $2 }' <<<"$platforms")
  [ -n "$target" ] || fail "$platform is no platform: $platforms"
  readonly elsewhere=$(mktemp -d "${TMPDIR:-/tmp}/elsewhere-XXXXXX")
  trap 'rm -rf "$elsewhere"' EXIT
  # Everything, as the workspace needs all of its members to be there.
  tar --exclude=./target --exclude=./.git --exclude='./java/*/target' --exclude='./examples/*/target' -c . | tar -x -C "$elsewhere"
  install_tools
  cd "$elsewhere"
  natives=$elsewhere/target/natives
  build "$platform" "$target" "$elsewhere/built"
  cmp "$folder/$platform/libcluster_leader.so" "$elsewhere/built/libcluster_leader.so" ||
    fail "$platform is not reproducible: built in $elsewhere it has other bytes than $folder/$platform"
  echo "$platform: the same bytes from $elsewhere" >&2
}

readonly folder=$natives/$(hash)

case ${1:-} in
  '')
    build_all
    echo "$folder"
    ;;
  --for-maven)
    if [ -z "$(targets)" ]; then
      echo "the jar gets the libraries of $folder: every platform, glibc $glibc or newer" >&2
      echo "-Dnatives=$folder"
    else
      echo "the jar gets this machine's own library, for this machine's glibc and newer: for all platforms run make natives" >&2
    fi
    ;;
  --reproduce)
    build_all
    reproduce "${2:?the platform}"
    ;;
  *) fail "unknown argument $1" ;;
esac
