#!/bin/sh
# Builds the sidecar unless it has been built from these sources before, and prints the command line that runs it.
cd "$(dirname "$0")"

name=sidecar
product=sidecar
sources="go.mod go.sum $(echo ./*.go)"
tools=go
versions() { go env GOVERSION GOOS GOARCH; }
build() {
	go build -o "$dir/$product.tmp" . && mv "$dir/$product.tmp" "$dir/$product"
}
. ../cached.sh

echo "$dir/$product"
