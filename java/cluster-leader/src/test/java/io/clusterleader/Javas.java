package io.clusterleader;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The JVMs that everything must run on: the one of the tests, and 25. */
final class Javas {
    private Javas() {}

    static List<Path> all() {
        List<Path> javas = new ArrayList<>(List.of(ChildJvm.thisJava()));
        if (Runtime.version().feature() < 25) {
            java25().ifPresentOrElse(javas::add, () -> skip("JDK 25: neither JAVA25_HOME nor /usr/lib/jvm/*25* names one"));
        }
        return javas;
    }

    private static Optional<Path> java25() {
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

    /** What keeps Java 24 and later from warning about native libraries. Earlier ones do not know it. */
    static List<String> nativeAccess(Path java) {
        boolean warns = Runtime.version().feature() >= 24 || !java.equals(ChildJvm.thisJava());
        return warns ? List.of("--enable-native-access=ALL-UNNAMED") : List.of();
    }

    /** Where the release is checked, nothing may be left out. */
    static void skip(String why) {
        if ("true".equals(System.getenv("CI"))) {
            throw new AssertionError("must not be skipped here: " + why);
        }
        System.out.println("SKIPPED: " + why);
    }
}
