#!/usr/bin/env bash
# The Maven artifact as its users get it: deployed into an empty repository, resolved from there by a program
# with an empty local one, and run on each JDK. Run make jar first.
#
#     tests/packaging/jar.sh [NATIVES]      the libraries; by default what make jar puts into the jar
set -euo pipefail
repo=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for variable in ${!CLUSTER_LEADER_@}; do unset "$variable"; done
readonly most_bytes=12000000

fail() {
  echo "tests/packaging/jar.sh: $*" >&2
  exit 1
}

skip() { # what cannot be tested here; where a release is made nothing may be left out
  [ -z "${CI:-}" ] || fail "must not be skipped where CI is set: $*"
  echo "SKIPPED: $*"
}

maven() { mvn --batch-mode --no-transfer-progress --quiet -Dstyle.color=never "$@"; }

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$repo/Cargo.toml" | head -n 1)
natives=${1:+-Dnatives=$(realpath "$1")}
natives=${natives:-$("$repo/crates/ffi/natives/build.sh" --for-maven)}
# Nothing, or one argument.
# shellcheck disable=SC2086
maven -f "$repo/java/pom.xml" deploy -DskipTests "-DaltDeploymentRepository=test::file:$work/repository" $natives
deployed=$work/repository/io/clusterleader/cluster-leader/$version/cluster-leader-$version
for file in jar pom jar.sha1 pom.sha1; do
  [ -e "$deployed.$file" ] || fail "not deployed: $deployed.$file"
done

# ---- what is in it --------------------------------------------------------------------------

size=$(stat -c %s "$deployed.jar")
[ "$size" -le "$most_bytes" ] || fail "the jar has $size bytes, more than $most_bytes"
platforms=$(unzip -Z1 "$deployed.jar" | sed -n 's,^io/clusterleader/native/\(.*\)/libcluster_leader.so$,\1,p' | sort | paste -sd ' ')
echo "jar: $size bytes, with libraries for $platforms"
[ "$platforms" = 'linux-aarch64 linux-aarch64-musl linux-x86_64 linux-x86_64-musl' ] ||
  skip "a jar for every platform: this one is for $platforms alone. Run make natives, then make jar"
unzip -q "$deployed.jar" -d "$work/unpacked"
class=$work/unpacked/io/clusterleader/ClusterLeader.class
[ "$(od -An -j 7 -N 1 -t u1 "$class" | tr -d ' ')" = 52 ] || fail "$class is no Java 8 bytecode"

# ---- a program that depends on it -----------------------------------------------------------

mkdir "$work/program"
cat >"$work/program/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>program</artifactId>
  <version>1</version>
  <repositories>
    <repository>
      <id>test</id>
      <url>file:$work/repository</url>
    </repository>
  </repositories>
  <dependencies>
    <dependency>
      <groupId>io.clusterleader</groupId>
      <artifactId>cluster-leader</artifactId>
      <version>$version</version>
    </dependency>
  </dependencies>
</project>
POM
cat >"$work/program/Program.java" <<'JAVA'
import io.clusterleader.ClusterLeader;

public class Program {
    public static void main(String[] arguments) throws InterruptedException {
        for (int tries = 0; tries < 1200 && !ClusterLeader.isThisInstanceLeader(); tries++) {
            Thread.sleep(50);
        }
        System.out.println(ClusterLeader.isThisInstanceLeader() ? "leads" : "follows");
    }
}
JAVA
# An empty local repository: nothing of what make jar installed is in it. Plugins come from wherever Maven gets them.
maven -f "$work/program/pom.xml" "-Dmaven.repo.local=$work/local" \
  org.apache.maven.plugins:maven-dependency-plugin:3.9.0:build-classpath "-Dmdep.outputFile=$work/classpath" -DincludeScope=runtime
[ "$(cat "$work/classpath")" = "$work/local/io/clusterleader/cluster-leader/$version/cluster-leader-$version.jar" ] ||
  fail "a program gets more than the jar on its class path: $(cat "$work/classpath")"

javac -cp "$(cat "$work/classpath")" -d "$work/program" "$work/program/Program.java"

run() { # JAVA
  local output
  output=$(CLUSTER_LEADER_STORE=file:$(mktemp -d "$work/store-XXXX") "$1" -cp "$work/program:$(cat "$work/classpath")" Program 2>"$work/log")
  [ "$output" = leads ] || fail "on $1 the program says '$output': $(cat "$work/log")"
  echo "$("$1" -version 2>&1 | head -n 1): leads"
}

refuses() { # PLATFORM: its library, on this one
  local library=$work/unpacked/io/clusterleader/native/$1/libcluster_leader.so
  if [ ! -e "$library" ] || [ "$(uname -m)" != x86_64 ]; then return; fi
  ! java "-Dcluster-leader.native.path=$library" -cp "$work/program:$(cat "$work/classpath")" Program >"$work/log" 2>&1 ||
    fail "the library for $1 is loaded here"
  grep -q "$library could not be loaded on linux-.*Name a library for this platform" "$work/log" ||
    fail "the library for $1 is refused without a word: $(cat "$work/log")"
  echo "the library for $1 is refused here, with the fix"
}

run java
refuses linux-x86_64-musl
refuses linux-aarch64
java25=$(compgen -G "${JAVA25_HOME:-/usr/lib/jvm/*25*}/bin/java" | head -n 1) || true
if [ -n "$java25" ]; then
  run "$java25"
else
  skip "JDK 25: neither JAVA25_HOME nor /usr/lib/jvm/*25* names one"
fi
