package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What runs within one JVM, on each Java, which checks every native call. */
@Execution(ExecutionMode.CONCURRENT)
class EachJavaTest {
    private static final List<Class<?>> TESTS = List.of(
            AwaitLeadershipTest.class,
            ClusterLeaderTest.class,
            HealthCheckTest.class,
            InterruptsTest.class,
            ListenersMisbehaveTest.class,
            ListenersTest.class,
            ThreadsTest.class);

    static List<Path> javas() {
        return Javas.all();
    }

    @ParameterizedTest
    @MethodSource("javas")
    void g11_all_passes_and_the_jvm_finds_no_fault_with_our_native_calls(Path java) {
        List<String> options = new ArrayList<>(Javas.nativeAccess(java));
        options.addAll(List.of("-Xcheck:jni", "-Xmx256m"));
        String[] names = TESTS.stream().map(Class::getName).toArray(String[]::new);
        try (ChildJvm child = ChildJvm.run(java, Map.of(), options, TestRun.class, names)) {
            assertEquals(0, child.exitCode(Duration.ofMinutes(5)), child::output);
            long[] passed = Stream.of(child.await("passed: ").replaceAll("[^0-9]+", " ").trim().split(" ")).mapToLong(Long::parseLong).toArray();
            assertTrue(passed[0] == passed[1] && passed[1] > TESTS.size(), child::output);
            for (String complaint : List.of("WARNING in native method", "WARNING: JNI", "FATAL ERROR")) {
                assertFalse(child.output().contains(complaint), child::output);
            }
        }
    }
}
