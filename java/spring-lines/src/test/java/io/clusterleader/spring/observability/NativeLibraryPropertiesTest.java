package io.clusterleader.spring.observability;

import static org.assertj.core.api.Assertions.assertThat;

import io.clusterleader.ClusterLeader;
import io.clusterleader.spring.Elections;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** A JVM loads the library once: each of these is one of its own. */
class NativeLibraryPropertiesTest {
    private static final String FILE = "libcluster_leader.so";
    private static final String PLATFORM = "linux-" + System.getProperty("os.arch").replace("amd64", "x86_64");

    private static ApplicationProcess run(String... arguments) throws Exception {
        return ApplicationProcess.run(List.of(), ApplicationProcess.ownClassPath(), Application.class, arguments);
    }

    @Test
    void theLibraryIsLoadedFromWhereThePropertySays(@TempDir Path directory) throws Exception {
        Path library = directory.resolve(FILE);
        try (InputStream bundled = ClusterLeader.class.getResourceAsStream("/io/clusterleader/native/" + PLATFORM + "/" + FILE)) {
            Files.copy(bundled, library);
        }
        ApplicationProcess ended = run("--cluster-leader.native.path=" + library);
        assertThat(ended.output()).contains("mapped: " + library);
        assertThat(ended.exitStatus()).isZero();
    }

    @Test
    void itIsUnpackedWhereThePropertySays(@TempDir Path directory) throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx")); // Which is refused.
        ApplicationProcess ended = run("--cluster-leader.native.workdir=" + directory);
        assertThat(ended.output()).contains("cluster-leader.native.workdir names " + directory);
        assertThat(ended.exitStatus()).isNotZero();
    }

    /** Says which library it has loaded, and ends. */
    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {
        public static void main(String[] arguments) throws Exception {
            List<String> all = new ArrayList<>(List.of(arguments));
            all.addAll(List.of("--server.port=0", "--spring.application.name=native"));
            try (ConfigurableApplicationContext context = SpringApplication.run(Application.class, all.toArray(String[]::new))) {
                context.getBean(Elections.class).own().orElseThrow();
                Files.readAllLines(Path.of("/proc/self/maps")).stream().filter(line -> line.endsWith(FILE))
                        .map(line -> line.substring(line.indexOf('/'))).distinct().forEach(file -> System.out.println("mapped: " + file));
            }
        }
    }
}
