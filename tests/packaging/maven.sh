#!/usr/bin/env bash
# What make maven deploys: complete for Maven Central, and the same bytes when it is built elsewhere.
#
#     tests/packaging/maven.sh REPOSITORY
set -euo pipefail
repository=$(realpath "$1")
repo=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$repo/Cargo.toml" | head -n 1)
deployed=$repository/io/clusterleader

fail() {
  echo "tests/packaging/maven.sh: $*" >&2
  exit 1
}

java "$repo/tests/packaging/Central.java" "$repository" "$version"

# In another folder, on another day: one of these two zones is always a day off.
elsewhere=$work/elsewhere
mkdir "$elsewhere"
tar -C "$repo" --exclude='java/*/target' --exclude=java/target -c java | tar -x -C "$elsewhere"
unzip -q "$deployed/cluster-leader/$version/cluster-leader-$version.jar" 'io/clusterleader/native/*' -d "$work"
zone=Pacific/Kiritimati
[ "$(date +%F)" != "$(TZ=$zone date +%F)" ] || zone=Etc/GMT+12
# MVN may have options: it is words.
TZ=$zone ${MVN:-mvn --batch-mode --no-transfer-progress --quiet -Dstyle.color=never} -f "$elsewhere/java/pom.xml" \
  package -DskipTests -Prelease "-Dnatives=$work/io/clusterleader/native"

jars=0
for jar in "$deployed"/*/"$version"/*.jar; do
  name=$(basename "$jar")
  again=$elsewhere/java/$(basename "$(dirname "$(dirname "$jar")")")/target/$name
  if ! cmp -s "$jar" "$again"; then
    mkdir "$work/1" "$work/2"
    unzip -q "$jar" -d "$work/1" && unzip -q "$again" -d "$work/2"
    diff -r "$work/1" "$work/2" | head -n 20 >&2 || true
    fail "$name has other bytes when it is built in $elsewhere at $zone's time: see above what differs"
  fi
  jars=$((jars + 1))
done
[ "$jars" -gt 0 ] || fail "no jars in $deployed"
echo "$jars jars: the same bytes when they are built elsewhere"
