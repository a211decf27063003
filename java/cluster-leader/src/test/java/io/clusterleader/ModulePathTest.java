package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A user's program beside nothing but the jar, compiled with all warnings as errors. */
@Execution(ExecutionMode.CONCURRENT)
class ModulePathTest {
    private static final String PROGRAM = """
            package billing;

            import io.clusterleader.ClusterLeader;
            import java.util.OptionalLong;

            public final class Job {
                private Job() {}

                public static void main(String[] arguments) throws InterruptedException {
                    ClusterLeader.isThisInstanceLeader();
                    boolean leads = ClusterLeader.thisInstance().await(java.time.Duration.ofSeconds(50));
                    OptionalLong token = ClusterLeader.thisInstance().fencingToken();
                    System.out.println("leads: " + (leads && token.isPresent()));
                }
            }
            """;

    @TempDir
    private Path directory;

    private Path jar;
    private Path program;

    @BeforeEach
    void write() throws IOException {
        jar = TestJar.create(directory);
        program = Files.writeString(Files.createDirectories(directory.resolve("src/billing")).resolve("Job.java"), PROGRAM);
    }

    static List<Path> javas() {
        return Javas.all();
    }

    @ParameterizedTest
    @MethodSource("javas")
    void a_module_that_requires_ours_and_nothing_else_runs(Path java) throws Exception {
        Path module = Files.writeString(directory.resolve("src/module-info.java"), "module billing { requires io.clusterleader; }");
        Path classes = directory.resolve("module");
        compile(java, "--module-path", jar.toString(), "-d", classes.toString(), module.toString(), program.toString());
        List<String> arguments = Javas.nativeAccess(java).isEmpty() ? List.of() : List.of("--enable-native-access=io.clusterleader");
        assertEquals("leads: true", run(java, arguments, "--module-path", jar + ":" + classes, "--module", "billing/billing.Job"));
        String described = output(List.of(java.toString(), "--module-path", jar.toString(), "--describe-module", "io.clusterleader"));
        assertTrue(described.contains("exports io.clusterleader") && !described.contains("automatic"), described);
    }

    @ParameterizedTest
    @MethodSource("javas")
    void a_program_on_the_class_path_needs_nothing_else_either(Path java) throws Exception {
        for (String release : List.of("8", "17")) {
            Path classes = directory.resolve("classes-" + release);
            compile(java, "--release", release, "-cp", jar.toString(), "-d", classes.toString(), program.toString());
            assertEquals("leads: true", run(java, Javas.nativeAccess(java), "-cp", jar + ":" + classes, "billing.Job"));
        }
    }

    private void compile(Path java, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(java.resolveSibling("javac").toString(), "-Xlint:all,-options", "-Werror"));
        command.addAll(List.of(arguments));
        assertEquals("", output(command));
    }

    private String run(Path java, List<String> access, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(java.toString(), "-Xmx64m", "-XX:TieredStopAtLevel=1",
                "-Djava.util.logging.config.file=" + Files.writeString(directory.resolve("logging.properties"), "handlers=\n"),
                "-Dcluster-leader.store=file:" + directory));
        command.addAll(access);
        command.addAll(List.of(arguments));
        return output(command);
    }

    private static String output(List<String> command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("CLUSTER_LEADER_"));
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes()).trim();
        assertEquals(0, process.waitFor(), output);
        return output;
    }
}
