#!/bin/sh
# Builds the contender and the server unless they have been built from these sources before, and prints
# the command line that runs the contender, or with the argument `zookeeper` the server.
cd "$(dirname "$0")"

name=curator
product=whole
sources="pom.xml $(echo src/* resources/* ../answers/*)"
tools="java mvn"
versions() { java -version; }
build() {
	mvn --batch-mode --no-transfer-progress --quiet -Dstyle.color=never -Doutput="$dir" package && touch "$dir/$product"
}
. ../cached.sh

case ${1:-contender} in
contender) main=Curator ;;
zookeeper) main=ZooKeeper ;;
*) fail "contender or zookeeper, not $1" ;;
esac
echo "$(command -v java) -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp $dir/curator.jar $main"
