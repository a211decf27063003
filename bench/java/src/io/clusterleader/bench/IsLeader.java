package io.clusterleader.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What it costs to ask whether this instance leads, beside what one would ask instead. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class IsLeader {

    @Benchmark
    public long nanoTime() {
        return System.nanoTime();
    }

    /** For scale: nobody ever takes a stored yes back while its process is paused. */
    @Benchmark
    public boolean atomicBoolean(Flag flag) {
        return flag.leads.get();
    }

    @Benchmark
    public boolean isThisInstanceLeader(Instance instance) {
        return ClusterLeader.isThisInstanceLeader();
    }

    /** Asks the leader-elector container beside this one for the leader's name. */
    @Benchmark
    public boolean sidecar(Sidecar sidecar) throws IOException {
        return sidecar.json.readTree(new URL(sidecar.url)).get("name").asText().equals(sidecar.hostName);
    }

    @State(Scope.Benchmark)
    public static class Flag {
        final AtomicBoolean leads = new AtomicBoolean(true);
    }

    /** This process, in an election by files: where the record is makes no difference to the question. */
    @State(Scope.Benchmark)
    public static class Instance {
        @Param({"leader", "follower"})
        public String role;

        private Path directory;
        private ClusterLeader other;

        @Setup
        public void stand() throws Exception {
            directory = Files.createTempDirectory("cluster-leader-bench-");
            System.setProperty("cluster-leader.store", "file:" + directory);
            System.setProperty("cluster-leader.election", "bench");
            boolean follows = role.equals("follower");
            if (follows) {
                other = ClusterLeader.join(Election.named("bench"));
                while (!other.isLeader()) {
                    Thread.sleep(1);
                }
            }
            while (ClusterLeader.isThisInstanceLeader() == follows) {
                Thread.sleep(1);
            }
        }

        @TearDown
        public void stop() throws IOException {
            if (ClusterLeader.isThisInstanceLeader() == (other != null)) {
                throw new IllegalStateException("it is no longer the " + role);
            }
            ClusterLeader.thisInstance().close();
            if (other != null) {
                other.close();
            }
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            }
        }
    }

    @State(Scope.Benchmark)
    public static class Sidecar {
        @Param({"leader", "follower"})
        public String role;

        final ObjectMapper json = new ObjectMapper();
        final String url = System.getProperty("sidecar.url");
        String hostName;

        @Setup
        public void name() {
            hostName = role.equals("leader") ? "app-0" : "app-1";
        }
    }
}
