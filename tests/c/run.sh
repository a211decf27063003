#!/bin/bash
# The C ABI, from C and C++: builds the tests against a library and runs them.
#
#   tests/c/run.sh [LIBRARY]     target/release/libcluster_leader.so where nothing is said
set -eu -o pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
library=$(realpath "${1:-$root/target/release/libcluster_leader.so}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Only what the tests set themselves.
for variable in ${!CLUSTER_LEADER_@}; do unset "$variable"; done

# The linker asks for -lcluster_leader, the dynamic linker for the SONAME.
ln -s "$library" "$work/libcluster_leader.so"
ln -s "$library" "$work/libcluster_leader.so.1"
strict="-g -Wall -Wextra -Werror -pedantic -I$root/include"
link="-L$work -lcluster_leader -Wl,-rpath,$work -pthread -ldl"

echo "header: C99 and C++17, alone"
printf '#include "cluster_leader.h"\n' >"$work/alone.c"
cc -std=c99 $strict -fsyntax-only "$work/alone.c"
c++ -std=c++17 $strict -fsyntax-only -x c++ "$work/alone.c"

echo "example: runs its job, and ends when told to"
cc -std=gnu99 $strict "$root/examples/c/job_loop.c" -o "$work/job_loop" $link
CLUSTER_LEADER_ELECTION=example CLUSTER_LEADER_STORE=file:$work "$work/job_loop" >"$work/example.out" 2>"$work/example.log" &
example=$!
for _ in {1..600}; do
    if [ -s "$work/example.out" ]; then break; fi
    sleep 0.1
done
kill -TERM "$example"
wait "$example" || { cat "$work/example.log" >&2; exit 1; }
grep -q "the job runs here" "$work/example.out" || { cat "$work/example.log" >&2; exit 1; }

# The library's log lines matter only if the test fails.
quietly() {
    "$@" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
}
fresh() {
    mkdir "$work/$1"
    echo "$work/$1"
}
tests=("$root"/tests/c/{main,harness,arguments,life,log,processes,whole_process}.c)
echo "tests: C99"
cc -std=c99 $strict "${tests[@]}" -o "$work/test-c99" $link
quietly "$work/test-c99" "$(fresh files-c99)"

echo "tests: C++17"
c++ -std=c++17 $strict -x c++ "${tests[@]}" -x none -o "$work/test-c++17" $link
quietly "$work/test-c++17" "$(fresh files-c++17)"

echo "tests: loaded and unloaded"
cc -std=c99 $strict "$root/tests/c/unload.c" -o "$work/unload" -ldl
quietly "$work/unload" "$library" "$(fresh files-unload)"

echo "tests: valgrind"
if command -v valgrind >/dev/null; then
    quietly valgrind --quiet --error-exitcode=1 --leak-check=no "$work/test-c99" "$(fresh files-valgrind)"
elif [ -n "${CI:-}" ]; then
    echo "valgrind is missing" >&2
    exit 1
else
    echo "SKIPPED: valgrind is missing (Debian: apt-get install valgrind)"
fi
