#!/bin/sh
# Builds the contender unless it has been built from these sources before, and prints the command line
# that runs it.
cd "$(dirname "$0")"

name=fabric8
product=whole
sources="pom.xml $(echo src/* resources/* ../answers/*)"
tools="java mvn"
versions() { java -version; }
build() {
	mvn --batch-mode --no-transfer-progress --quiet -Dstyle.color=never -Doutput="$dir" package && touch "$dir/$product"
}
. ../cached.sh

echo "$(command -v java) -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp $dir/fabric8.jar Fabric8"
