package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.spi.ToolProvider;

/** What a user has: our classes and native libraries in a jar, with the manifest that Maven gives it. */
final class TestJar {
    private TestJar() {}

    static Path create(Path directory) {
        Path classes = Path.of(ClusterLeader.class.getProtectionDomain().getCodeSource().getLocation().getPath());
        if (Files.isRegularFile(classes)) {
            return classes;
        }
        Path jar = directory.resolve("cluster-leader.jar");
        try {
            Path manifest = Files.writeString(directory.resolve("MANIFEST.MF"), "Multi-Release: true\n");
            assertEquals(0, ToolProvider.findFirst("jar").orElseThrow().run(
                    System.out, System.err, "--create", "--file", jar.toString(), "--manifest", manifest.toString(), "-C", classes.toString(), "."));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return jar;
    }
}
