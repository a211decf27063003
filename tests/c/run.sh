#!/bin/bash
# The C ABI, from C and C++: builds the tests against a library, in several ways, and runs them all
# beside each other.
#
#   tests/c/run.sh [LIBRARY]     target/release/libcluster_leader.so where nothing is said
set -eu -o pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
library=$(realpath "${1:-$root/target/release/libcluster_leader.so}")
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
# Only what the tests set themselves.
for variable in ${!CLUSTER_LEADER_@}; do unset "$variable"; done

# The linker asks for -lcluster_leader, the dynamic linker for the SONAME.
ln -s "$library" "$work/libcluster_leader.so"
ln -s "$library" "$work/libcluster_leader.so.1"
strict="-g -Wall -Wextra -Werror -pedantic -I$root/include"
link="-L$work -lcluster_leader -Wl,-rpath,$work -pthread -ldl"
tests=("$root"/tests/c/{main,harness,arguments,life,ledger,errors,threads,log,processes,forks,whole_process}.c)
sanitizers="-fsanitize=address,undefined -fno-sanitize-recover=all"

# Whether a tool is there; says so if not, and fails in CI.
has() {
    if command -v "$1" >/dev/null; then return 0; fi
    if [ -n "${CI:-}" ]; then
        echo "tests/c/run.sh: $1 is missing (Debian: apt-get install $2)" >&2
        exit 1
    fi
    echo "SKIPPED: $3: $1 is missing (Debian: apt-get install $2)"
    return 1
}

# begin NAME COMMAND...: in the background; its output is shown if it fails, and what it says at the end else.
jobs=()
begin() {
    local name=$1
    shift
    mkdir "$work/$name.files"
    ("$@" "$work/$name.files" >"$work/$name.out" 2>"$work/$name.err") &
    jobs+=("$!:$name")
}

c99() { # NAME COMPILER FLAG...
    "$2" -std=c99 $strict "${@:3}" "${tests[@]}" -o "$work/$1" $link
}
cpp17() {
    "$2" -std=c++17 $strict "${@:3}" -x c++ "${tests[@]}" -x none -o "$work/$1" $link
}

c99 c99-gcc gcc
begin c99-gcc "$work/c99-gcc"
if has valgrind valgrind "leaks and wrong accesses by valgrind"; then
    TEST_INSTRUMENTED=1 TEST_PERCENT=10 begin valgrind valgrind --quiet --error-exitcode=1 --leak-check=full \
        --show-leak-kinds=definite --errors-for-leak-kinds=definite --fair-sched=yes "$work/c99-gcc"
fi
cpp17 c++17-g++-sanitized g++ $sanitizers
TEST_INSTRUMENTED=1 begin c++17-g++-sanitized "$work/c++17-g++-sanitized"
if has clang clang "the tests with clang"; then
    c99 c99-clang-sanitized clang $sanitizers
    TEST_INSTRUMENTED=1 begin c99-clang-sanitized "$work/c99-clang-sanitized"
    cpp17 c++17-clang++ clang++
    begin c++17-clang++ "$work/c++17-clang++"
fi

cc -std=c99 $strict "$root/tests/c/unload.c" -o "$work/unload" -pthread -ldl
begin unload "$work/unload" "$library"

# Any bytes as options. Nothing is to be found but in the store's directory afterwards.
fuzz() {
    mkdir "$1/store"
    FUZZ_DIRECTORY="$1/store" "$work/fuzz" -runs="${FUZZ_RUNS:-5000}" -seed=1 -max_len=600 -artifact_prefix="$1/" 2>&1
    [ "$(ls "$1")" = store ] || { echo "it has written beside its directory: $(ls "$1")" && return 1; }
    echo "ok options of any bytes"
}
if has clang clang "options of any bytes"; then
    if clang -std=c99 $strict -fsanitize=fuzzer,address,undefined "$root/tests/c/fuzz_options.c" -o "$work/fuzz" $link \
        2>"$work/fuzz.err"; then
        begin fuzz fuzz
    elif [ -n "${CI:-}" ]; then
        cat "$work/fuzz.err" >&2
        exit 1
    else
        echo "SKIPPED: options of any bytes: clang has no libFuzzer (Debian: apt-get install libclang-rt-14-dev)"
    fi
fi

failed=0
for job in "${jobs[@]}"; do
    name=${job#*:}
    if wait "${job%%:*}"; then
        echo "ok $name: $(grep -c '^ok ' "$work/$name.out")"
    else
        failed=1
        echo "$name failed:"
        tail -n 40 "$work/$name.out" "$work/$name.err"
    fi >&2
done
exit $failed
