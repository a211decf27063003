package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the first call of a fresh JVM costs: unpacking, checking and loading the library, starting the election. */
class FirstCallTest {
    private static final int JVMS = 11;
    /** No expectation: the machine may be busy. */
    private static final long BOUND_MILLIS = 5_000;

    @TempDir
    private Path directory;

    @Test
    void the_first_call_in_a_fresh_jvm_takes_a_moment() {
        long[] micros = LongStream.range(0, JVMS).map(each -> firstCallMicros()).sorted().toArray();
        System.out.printf("the first call in a fresh JVM, of %d: min %.1f ms, median %.1f ms, max %.1f ms%n",
                JVMS, micros[0] / 1e3, micros[JVMS / 2] / 1e3, micros[JVMS - 1] / 1e3);
        assertTrue(micros[JVMS / 2] < BOUND_MILLIS * 1_000, micros[JVMS / 2] + " us");
    }

    private long firstCallMicros() {
        Path java = ChildJvm.thisJava();
        try (ChildJvm child = ChildJvm.run(java, Map.of("CLUSTER_LEADER_STORE", "file:" + directory), List.of(), Program.class)) {
            String line = child.await("micros ");
            return Long.parseLong(line.substring("micros ".length()));
        }
    }

    static final class Program {
        private Program() {}

        public static void main(String[] arguments) {
            long before = System.nanoTime();
            ClusterLeader.isThisInstanceLeader();
            System.out.println("micros " + (System.nanoTime() - before) / 1_000);
        }
    }
}
