#!/bin/sh
# Builds what elects with client-go unless it has been built from these sources before, and prints the command line
# that runs one of them:
#
#     build.sh [contender|sidecar]        by default the contender
cd "$(dirname "$0")"

name=client-go
product=${1:-contender}
sources="go.mod go.sum $(echo ./*/*.go)"
tools=go
versions() { go env GOVERSION GOOS GOARCH; }
build() {
	go build -o "$dir/$product.tmp" "./$product" && mv "$dir/$product.tmp" "$dir/$product"
}
. ../cached.sh

echo "$dir/$product"
