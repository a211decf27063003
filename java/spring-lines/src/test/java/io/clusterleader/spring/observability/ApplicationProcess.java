package io.clusterleader.spring.observability;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The end of a JVM of its own, and what it wrote. */
record ApplicationProcess(int exitStatus, String output) {
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    /** Runs a main class until it ends. */
    static ApplicationProcess run(List<String> options, String classPath, Class<?> main, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Dcluster-leader.store=" + System.getProperty("cluster-leader.store"));
        command.addAll(options);
        command.addAll(List.of("-cp", classPath, main.getName()));
        command.addAll(List.of(arguments));
        Path output = Files.createTempFile("application", ".log");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        try {
            if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("has not ended within " + PATIENCE + ":\n" + Files.readString(output));
            }
            return new ApplicationProcess(process.exitValue(), Files.readString(output));
        } finally {
            process.destroyForcibly();
            Files.delete(output);
        }
    }

    static String ownClassPath() {
        return System.getProperty("java.class.path");
    }
}
