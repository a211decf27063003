#!/usr/bin/env bash
# Builds libcluster_leader.so for every platform that the jar carries:
#
#     build.sh                 builds what has not been built from these sources before, prints the folder
#     build.sh --for-maven     prints the argument that has Maven put them into the jar, if all are built
#     build.sh --reproduce P   builds platform P once more, in a copy of the tree elsewhere: the same bytes?
#     build.sh --command P     builds the command cluster-leader for the musl platform P, static, prints where it is
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

# What goes in: the sources of the library, or of the command, without their tests.
sources() { # CRATE
  find crates/election crates/cluster-leader "crates/$1" -path '*/tests' -prune -o -type f -print
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
  tools=$repo/target/tools/zig-$zig-$zigbuild
  if [ ! -e "$tools/complete" ]; then
    python3 -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check "ziglang==$zig" "cargo-zigbuild==$zigbuild"
    touch "$tools/complete"
  fi
}

build() { # PLATFORM TARGET INTO [CRATE]
  local platform=$1 target=$2 into=$3 crate=${4:-ffi} with flags build_std='' started=$SECONDS
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
  local what=(zigbuild) made=libcluster_leader.so last=()
  if [ "$crate" = cli ]; then
    # Static or not is decided as it is linked: all that it is made of is compiled as for the library, once for both.
    # The C runtime is zig's.
    what=(rustc --bin cluster-leader) made=cluster-leader
    last=(-- -C target-feature=+crt-static -C link-self-contained=no)
  fi
  local work=$natives/work-${target%%-*}
  mkdir -p "$into" "$work"
  local begin=$work/begin-$platform.o zig_target=${target/-unknown-/-}
  ZIG_GLOBAL_CACHE_DIR=$natives/zig "$tools/bin/python" -m ziglang cc -target "$zig_target" -O2 -fPIC -g0 \
    -c crates/ffi/natives/begin.c -o "$begin"
  CLUSTER_LEADER_BEGIN=$begin RUSTC=$with RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags CARGO_TARGET_DIR=$work PATH=$tools/bin:$PATH \
    ZIG_GLOBAL_CACHE_DIR=$natives/zig CARGO_ZIGBUILD_CACHE_DIR=$work/zigbuild \
    cargo-zigbuild "${what[@]}" --quiet --locked --release -p "cluster-leader-$crate" --target "$target" $build_std "${last[@]}" >&2
  cp "$work/${target%".$glibc"}/release/$made" "$into/"
  echo "$platform: $made, $(stat -c %s "$into/$made") bytes in $((SECONDS - started)) s," \
    "by $("$with" --version)${build_std:+ and its standard library}" >&2
}

# ---- all of them ----------------------------------------------------------------------------

hash() { # CRATE
  {
    sources "$1" | LC_ALL=C sort | xargs sha256sum
    for each in $(compilers); do "$each" -vV; done
  } | sha256sum | cut -c 1-16
}

targets() { # prints the targets that are not built yet, as lines of $platforms
  grep . <<<"$platforms" | while read -r platform target; do
    [ -e "$folder/$platform/libcluster_leader.so" ] || echo "$platform" "$target"
  done
}

target_of() { # PLATFORM
  awk -v platform="$1" '$1 == platform { print $2; found = 1 } END { exit !found }' <<<"$platforms" ||
    fail "$1 is no platform: $platforms"
}

# Has this process be the only one that builds in that work.
lock() { # ARCHITECTURE
  mkdir -p "$natives"
  exec 9>"$natives/lock-$1"
  flock 9
}

# The architectures side by side: the last third of each is linked on one core.
build_all() {
  local architecture failed=0
  [ -n "$(targets)" ] || return 0
  install_tools
  declare -A under_way
  for architecture in x86_64 aarch64; do
    build_those_for "$architecture" &
    under_way[$architecture]=$!
  done
  for architecture in "${!under_way[@]}"; do
    wait "${under_way[$architecture]}" || failed=$?
  done
  [ "$failed" = 0 ] || exit "$failed"
}

build_those_for() { # ARCHITECTURE
  local todo platform target
  lock "$1"
  todo=$(targets | grep "^linux-$1" || true)
  [ -n "$todo" ] || return 0
  while read -r platform target; do
    rm -rf "$folder.$platform"
    build "$platform" "$target" "$folder.$platform"
    mkdir -p "$folder"
    mv "$folder.$platform" "$folder/$platform"
  done <<<"$todo"
}

reproduce() { # PLATFORM
  local platform=$1 target
  target=$(target_of "$platform")
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

build_command() { # PLATFORM
  local platform=$1 target into
  target=$(target_of "$platform")
  case $target in
    *-musl) ;;
    *) fail "$platform: the command is static for musl platforms alone, as linux-x86_64-musl" ;;
  esac
  into=$natives/command-$(hash cli)/$platform
  lock "${target%%-*}"
  if [ ! -e "$into/cluster-leader" ]; then
    install_tools
    rm -rf "$into.new"
    build "$platform" "$target" "$into.new" cli
    mv "$into.new" "$into"
  fi
  echo "$into/cluster-leader"
}

readonly folder=$natives/$(hash ffi)

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
  --command) build_command "${2:?the platform}" ;;
  *) fail "unknown argument $1" ;;
esac
