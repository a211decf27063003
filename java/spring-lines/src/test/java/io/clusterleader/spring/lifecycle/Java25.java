package io.clusterleader.spring.lifecycle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** A JVM with virtual threads, where there is one. */
final class Java25 {
    private Java25() {}

    static void ifThere(Runnable action) {
        if (find().isPresent()) {
            action.run();
        } else if ("true".equals(System.getenv("CI"))) {
            throw new AssertionError("JDK 25 must not be missing here: neither JAVA25_HOME nor /usr/lib/jvm/*25* names one");
        } else {
            System.out.println("SKIPPED: virtual threads, as neither JAVA25_HOME nor /usr/lib/jvm/*25* names a JDK 25");
        }
    }

    static Path java() {
        return find().orElseThrow();
    }

    private static Optional<Path> find() {
        return homes().map(home -> home.resolve("bin/java")).filter(Files::isExecutable).findFirst();
    }

    private static Stream<Path> homes() {
        String named = System.getenv("JAVA25_HOME");
        if (named != null) {
            return Stream.of(Path.of(named));
        }
        Path installed = Path.of("/usr/lib/jvm");
        if (!Files.isDirectory(installed)) {
            return Stream.empty();
        }
        try (Stream<Path> homes = Files.list(installed)) {
            return homes.filter(home -> home.getFileName().toString().contains("25")).toList().stream();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
