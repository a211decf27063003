package io.clusterleader.spring.observability;

import static org.assertj.core.api.Assertions.assertThat;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import java.io.File;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplicationAotProcessor;

/** An application that was processed when it was built, as the plugins of Spring Boot do it, and then runs on a JVM. */
class AotTest {
    @TempDir
    private static Path generated;

    private static String classPath;

    @BeforeAll
    static void process() throws Exception {
        Path sources = generated.resolve("sources");
        Path resources = generated.resolve("resources");
        Path classes = Files.createDirectories(generated.resolve("classes"));
        ApplicationProcess processed = ApplicationProcess.run(List.of(), ApplicationProcess.ownClassPath(), SpringApplicationAotProcessor.class,
                AotApplication.class.getName(), sources.toString(), resources.toString(), classes.toString(), "io.clusterleader.tests", "aot");
        assertThat(processed.exitStatus()).as(processed.output()).isZero();
        compile(sources, classes);
        classPath = String.join(File.pathSeparator, classes.toString(), resources.toString(), ApplicationProcess.ownClassPath());
    }

    private static void compile(Path sources, Path classes) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null); Stream<Path> all = Files.walk(sources)) {
            StringWriter messages = new StringWriter();
            List<Path> java = all.filter(file -> file.toString().endsWith(".java")).toList();
            assertThat(java).isNotEmpty();
            boolean compiled = compiler.getTask(messages, files, null,
                    List.of("-proc:none", "-cp", classes + File.pathSeparator + ApplicationProcess.ownClassPath(), "-d", classes.toString()),
                    null, files.getJavaFileObjectsFromPaths(java)).call();
            assertThat(compiled).as(messages.toString()).isTrue();
        }
    }

    private static String run(String until, boolean leaderOnly) throws Exception {
        ApplicationProcess ended = ApplicationProcess.run(List.of("-Dspring.aot.enabled=true"), classPath, AotApplication.class,
                until, "--spring.application.name=aot", "--server.port=0", "--cluster-leader.scheduled.leader-only=" + leaderOnly);
        assertThat(ended.exitStatus()).as(ended.output()).isZero();
        return ended.output();
    }

    @Test
    void jobsAreGuardedAsIsSaidWhenItRuns() throws Exception {
        assertThat(run("ran", true)).as("it leads").containsPattern("ahead of time: true, ran: [1-9]\\d*, counted: [1-9]");
        try (ClusterLeader other = ClusterLeader.join(Election.named("aot"))) {
            assertThat(other.await(Duration.ofSeconds(60))).isTrue();
            assertThat(run("skipped", true)).as("it does not lead").containsPattern("ahead of time: true, ran: 0, counted: 0, skipped: [1-9]");
            assertThat(run("ran", false)).as("nothing is guarded").containsPattern("ahead of time: true, ran: [1-9]\\d*, counted: 0, skipped: 0");
        }
    }
}
