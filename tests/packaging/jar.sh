#!/usr/bin/env bash
# The jar as its users get it: looked into, resolved by a program and by the example from the repository that it is
# deployed to, and run on each JDK. Run make maven first.
#
#     tests/packaging/jar.sh REPOSITORY
set -euo pipefail
repository=$(realpath "$1")
repo=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for variable in ${!CLUSTER_LEADER_@}; do unset "$variable"; done
readonly most_bytes=12000000 most_millis=150

fail() {
  echo "tests/packaging/jar.sh: $*" >&2
  exit 1
}

skip() { # what cannot be tested here; where a release is made nothing may be left out
  [ -z "${CI:-}" ] || fail "must not be skipped where CI is set: $*"
  echo "SKIPPED: $*"
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$repo/Cargo.toml" | head -n 1)
deployed=$repository/io/clusterleader/cluster-leader/$version/cluster-leader-$version

# ---- what is in it --------------------------------------------------------------------------

size=$(stat -c %s "$deployed.jar")
[ "$size" -le "$most_bytes" ] || fail "the jar has $size bytes, more than $most_bytes"
platforms=$(unzip -Z1 "$deployed.jar" | sed -n 's,^io/clusterleader/native/\(.*\)/libcluster_leader.so$,\1,p' | sort | paste -sd ' ')
echo "jar: $size bytes, with libraries for $platforms"
[ "$platforms" = 'linux-aarch64 linux-aarch64-musl linux-x86_64 linux-x86_64-musl' ] ||
  skip "a jar for every platform: this one is for $platforms alone. Run make natives, then make maven"
unzip -q "$deployed.jar" -d "$work/unpacked"
class=$work/unpacked/io/clusterleader/ClusterLeader.class
[ "$(od -An -j 7 -N 1 -t u1 "$class" | tr -d ' ')" = 52 ] || fail "$class is no Java 8 bytecode"

# ---- a program that depends on it -----------------------------------------------------------

# A local repository with what others have made, which need not be downloaded once more, but with nothing of ours.
# MVN may have options: it is words.
mvn=${MVN:-mvn --batch-mode --no-transfer-progress --quiet -Dstyle.color=never}
$mvn org.apache.maven.plugins:maven-help-plugin:3.5.1:evaluate -Dexpression=settings.localRepository "-Doutput=$work/where"
cp -a --reflink=auto "$(cat "$work/where")" "$work/local"
rm -rf "$work/local/io/clusterleader"
cat >"$work/settings.xml" <<SETTINGS
<settings>
  <profiles>
    <profile>
      <id>published</id>
      <repositories>
        <repository>
          <id>published</id>
          <url>file:$repository</url>
        </repository>
      </repositories>
    </profile>
  </profiles>
  <activeProfiles>
    <activeProfile>published</activeProfile>
  </activeProfiles>
</settings>
SETTINGS
user() { command $mvn "-Dmaven.repo.local=$work/local" --settings "$work/settings.xml" "$@"; }

mkdir "$work/program"
cat >"$work/program/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>program</artifactId>
  <version>1</version>
  <dependencyManagement>
    <dependencies>
      <dependency>
        <groupId>io.clusterleader</groupId>
        <artifactId>cluster-leader-bom</artifactId>
        <version>$version</version>
        <type>pom</type>
        <scope>import</scope>
      </dependency>
    </dependencies>
  </dependencyManagement>
  <dependencies>
    <dependency>
      <groupId>io.clusterleader</groupId>
      <artifactId>cluster-leader</artifactId>
    </dependency>
  </dependencies>
</project>
POM
cat >"$work/program/Program.java" <<'JAVA'
import io.clusterleader.ClusterLeader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

public class Program {
    public static void main(String[] arguments) throws InterruptedException {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long cpuBefore = threads.getCurrentThreadCpuTime(), before = System.nanoTime();
        ClusterLeader.isThisInstanceLeader();
        long nanos = System.nanoTime() - before, cpuNanos = threads.getCurrentThreadCpuTime() - cpuBefore;
        System.out.println(cpuNanos / 1_000_000 + "/" + nanos / 1_000_000);
        for (int tries = 0; tries < 1200 && !ClusterLeader.isThisInstanceLeader(); tries++) {
            Thread.sleep(50);
        }
        System.out.println(ClusterLeader.isThisInstanceLeader() ? "leads" : "follows");
    }
}
JAVA
user -f "$work/program/pom.xml" \
  org.apache.maven.plugins:maven-dependency-plugin:3.9.0:build-classpath "-Dmdep.outputFile=$work/classpath" -DincludeScope=runtime
[ "$(cat "$work/classpath")" = "$work/local/io/clusterleader/cluster-leader/$version/cluster-leader-$version.jar" ] ||
  fail "a program gets more than the jar on its class path: $(cat "$work/classpath")"

javac -cp "$(cat "$work/classpath")" -d "$work/program" "$work/program/Program.java"

run() { # JAVA: the program, until a JVM was quick: that a busy machine makes others slow is no fault of ours
  local output first=() millis
  for _ in {1..20}; do
    output=$(CLUSTER_LEADER_STORE=file:$(mktemp -d "$work/store-XXXX") "$1" -cp "$work/program:$(cat "$work/classpath")" Program 2>"$work/log")
    [ "$(sed -n 2p <<<"$output")" = leads ] || fail "on $1 the program says '$output': $(cat "$work/log")"
    first+=("$(head -n 1 <<<"$output")")
    millis=${first[-1]%/*} # by the thread's own time
    if [ "$millis" -le "$most_millis" ]; then break; fi
  done
  echo "$("$1" -version 2>&1 | head -n 1): leads; the first call of a JVM, ms of its thread/on the clock: ${first[*]}"
  [ "$millis" -le "$most_millis" ] || fail "on $1 the first call never takes $most_millis ms or less"
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

# ---- applications ------------------------------------------------------------------------------

end_once_it_says() { # TEXT: ends what was started last once its log has that. Whether it does
  local program=$!
  for _ in {1..600}; do
    if grep -q "$1" "$work/log" || ! kill -0 "$program" 2>/dev/null; then break; fi
    sleep 0.1
  done
  kill -TERM "$program" 2>/dev/null || true
  wait "$program" || true
  grep -q "$1" "$work/log"
}

# ---- the example --------------------------------------------------------------------------------

cp -r "$repo/examples/spring-monolith" "$work/example"
cd "$work/example"
rm -rf target data
user package -DskipTests
CLUSTER_LEADER_STORE=file:$work/store-example java -jar target/spring-monolith-*.jar >"$work/log" 2>&1 &
end_once_it_says 'Sent the invoices' || fail "the example sent no invoices: $(cat "$work/log")"
echo "the example, built in an empty place: its job runs"

# ---- docs/java.md, to the letter ------------------------------------------------------------------

mkdir -p "$work/clone/examples"
cp -r "$repo/examples/java" "$work/clone/examples/"
rm -rf "$work/clone/examples/java/target"
# Its commands; the last one runs until it is ended. Maven is the one of this test.
mapfile -t commands < <(sed -n '/^```console$/,/^```$/s/^\$ //p' "$repo/docs/java.md")
mvn() { user "$@"; }
cd "$work/clone"
for command in "${commands[@]}"; do
  case $command in
    'java -jar '*)
      CLUSTER_LEADER_STORE=file:$work/store-java ${command%%#*} >"$work/log" 2>&1 &
      ;;
    *) eval "$command" ;;
  esac
done
end_once_it_says 'the job runs here' || fail "docs/java.md: no job runs: $(cat "$work/log")"
echo "docs/java.md, to the letter: its tests pass, its job runs"
