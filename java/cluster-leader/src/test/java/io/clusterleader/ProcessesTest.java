package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Several JVMs, one leader. */
@Execution(ExecutionMode.CONCURRENT)
class ProcessesTest {
    /** Long enough that nobody takes over in a test because time ran out. */
    private static final List<String> LONG = List.of(
            "-Dcluster-leader.lease-duration=10m",
            "-Dcluster-leader.renew-deadline=5m",
            "-Dcluster-leader.heartbeat=0");

    /** No expectation: the machine may be busy. It is much less than any lease of these tests lasts. */
    private static final Duration PROMPTLY = Duration.ofSeconds(20);

    @TempDir
    private Path directory;

    @Test
    void g2_of_two_jvms_one_leads_and_the_other_after_its_close() {
        try (ChildJvm first = candidate("first"); ChildJvm second = second(first)) {
            Await.always("only the first leads", Duration.ofSeconds(1), () -> !second.said("leads"));
            assertEquals("leader first", second.await("leader"));
            first.send("close");
            first.await("follows");
            second.await("leads");
            assertEquals("leader second", second.await("leader second"));
        }
    }

    @Test
    void g7_stepping_down_lets_another_lead_and_ends_no_election() {
        try (ChildJvm first = candidate("first"); ChildJvm second = second(first)) {
            first.send("step down");
            first.await("follows");
            second.await("leads");
            second.send("step down");
            first.await("leads");
        }
    }

    @Test
    void g8_after_kill_9_another_leads() {
        try (ChildJvm first = candidate("first"); ChildJvm second = second(first)) {
            first.kill();
            second.await("leads");
        }
    }

    static Stream<Arguments> ends() {
        return Javas.all().stream().flatMap(java -> Stream.of(
                Arguments.of(java, "return", 0), // While daemon threads run.
                Arguments.of(java, "throw", 1),
                Arguments.of(java, "exit", 0),
                Arguments.of(java, "hang and exit", 0),
                Arguments.of(java, "halt", 0),
                Arguments.of(java, "terminate", 128 + 15)));
    }

    @ParameterizedTest(name = "{1} on {0}")
    @MethodSource("ends")
    void g11_a_jvm_that_ends_while_leading_ends_promptly_and_releases(Path java, String end, int exitCode) throws IOException {
        try (ChildJvm leader = candidate(java, "leader", List.of("-Xcheck:jni"))) {
            String token = leader.await("acquired").substring("acquired ".length());
            assertFalse(record().contains("\"holderIdentity\":\"\""), record());
            long before = System.nanoTime();
            if (end.equals("terminate")) {
                leader.terminate();
            } else {
                leader.send(end);
            }
            assertEquals(exitCode, leader.exitCode(), leader::output);
            Duration took = Duration.ofNanos(System.nanoTime() - before);
            assertTrue(took.compareTo(PROMPTLY) < 0, () -> "took " + took);
            assertTrue(record().contains("\"holderIdentity\":\"\""), () -> "released after token " + token + ": " + record());
            assertNoFault(leader);
        }
    }

    @ParameterizedTest
    @MethodSource("javas")
    void g11_the_jvm_finds_no_fault_with_our_native_calls(Path java) {
        try (ChildJvm first = candidate(java, "first", List.of("-Xcheck:jni"))) {
            first.await("acquired");
            first.send("status");
            first.await("status");
            first.send("step down");
            first.await("lost");
            first.send("close");
            first.await("done close");
            first.send("return");
            assertEquals(0, first.exitCode());
            assertNoFault(first);
            assertFalse(first.output().contains("Exception"), first::output);
        }
    }

    private static void assertNoFault(ChildJvm child) {
        for (String complaint : List.of("WARNING", "FATAL ERROR")) {
            assertFalse(child.output().contains(complaint), child::output);
        }
    }

    static List<Path> javas() {
        return Javas.all();
    }

    private ChildJvm candidate(String name) {
        return candidate(ChildJvm.thisJava(), name, List.of());
    }

    /** One that stands in the election after another won it. */
    private ChildJvm second(ChildJvm first) {
        first.await("leads");
        ChildJvm second = candidate("second");
        second.await("first answer false");
        return second;
    }

    private ChildJvm candidate(Path java, String name, List<String> options) {
        List<String> all = new ArrayList<>(LONG);
        all.add("-Dcluster-leader.store=file:" + directory);
        all.add("-Dcluster-leader.instance-name=" + name);
        all.addAll(Javas.nativeAccess(java));
        all.addAll(options);
        return ChildJvm.run(java, Map.of(), all, Candidate.class);
    }

    /** The election's record, without white space. */
    private String record() {
        try {
            return Files.readString(directory.resolve("default.json")).replaceAll("\\s", "");
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }
}
