#!/bin/sh
# Builds the test API server unless it has been built from these sources before,
# and prints the path of the binary. Progress goes to stderr.
set -eu

fail() {
	echo "tests/apiserver/build.sh: $*" >&2
	exit 1
}

cd "$(dirname "$0")"
repo=$(cd ../.. && pwd)

needed=$(sed -n 's/^go //p' go.mod)
for tool in go flock sha256sum; do
	command -v "$tool" >/dev/null || fail "$tool is not on the PATH (needed: Go $needed or newer, flock, sha256sum)"
done
# A Go from 1.21 on may fetch the needed toolchain by itself; its answer in this
# directory is the version that would build.
have=$(go env GOVERSION) || fail "'go env' failed (needed: Go $needed or newer)"
oldest=$(printf '%s\n%s\n' "$needed" "${have#go}" | sort -V | head -n 1)
[ "$oldest" = "$needed" ] || fail "Go is too old: $have, needed: $needed or newer"

hash=$({
	sha256sum build.sh go.mod go.sum ./*.go
	go env GOVERSION GOOS GOARCH
} | sha256sum | cut -c 1-16)
dir=$repo/target/apiserver/$hash
binary=$dir/apiserver

if [ ! -x "$binary" ]; then
	mkdir -p "$dir"
	exec 9>"$repo/target/apiserver/lock"
	flock 9
fi
if [ ! -x "$binary" ]; then # still, after whoever had the lock
	echo "building a kube-apiserver (minutes on a machine that never did, seconds later)" >&2
	version=$(sed -n 's,^[[:space:]]*k8s.io/kubernetes v,v,p' go.mod)
	minor=${version#v1.}
	vars=k8s.io/component-base/version
	# No flags that change how packages compile: vet and test share their cache.
	go build -o "$binary.tmp" -ldflags "-s -w \
		-X $vars.gitVersion=$version -X $vars.gitMajor=1 -X $vars.gitMinor=${minor%%.*}" . >&2 ||
		fail "go build failed"
	mv "$binary.tmp" "$binary"
fi
echo "$binary"
