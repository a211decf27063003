package io.clusterleader.spring.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** {@link Worker} in a JVM of its own, killed at the end of the test if it still runs. */
final class Child implements AutoCloseable {
    /** No expectation: it ends a test that would never end. */
    private static final Duration BOUND = Duration.ofSeconds(120);

    private final Process process;
    private final PrintStream commands;
    private final List<String> lines = new ArrayList<>();
    private final Thread reader = new Thread(this::readLines);

    private Child(ProcessBuilder builder) throws IOException {
        builder.environment().keySet().removeIf(name -> name.startsWith("CLUSTER_LEADER_"));
        process = builder.redirectErrorStream(true).start();
        commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        reader.setDaemon(true);
        reader.start();
    }

    static Child start(Path java, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                java.toString(), "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path")));
        command.add(Worker.class.getName());
        command.addAll(arguments);
        return new Child(new ProcessBuilder(command));
    }

    private void readLines() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                synchronized (lines) {
                    lines.add(line);
                }
            }
        } catch (IOException ended) {
            // Its output ends with it.
        }
    }

    void send(String command) {
        commands.println(command);
    }

    /** SIGTERM. */
    void terminate() {
        // Process.destroy would also close its standard input.
        process.toHandle().destroy();
    }

    /** What follows in the first line that begins like this. */
    String await(String prefix) {
        await(prefix, () -> said(prefix).isPresent() || !process.isAlive() && !reader.isAlive());
        return said(prefix).orElseThrow(() -> new AssertionError("ended without \"" + prefix + "\":\n" + output()));
    }

    private void await(String what, Callable<Boolean> condition) {
        try {
            Awaitility.await().alias(what).pollInterval(Duration.ofMillis(5)).atMost(BOUND).until(condition);
        } catch (RuntimeException failure) {
            throw new AssertionError(failure.getMessage() + "\n" + output(), failure);
        }
    }

    private Optional<String> said(String prefix) {
        return lines().stream().filter(line -> line.startsWith(prefix)).findFirst().map(line -> line.substring(prefix.length()).trim());
    }

    List<String> lines() {
        synchronized (lines) {
            return List.copyOf(lines);
        }
    }

    String output() {
        return String.join("\n", lines().stream().filter(line -> !line.contains(" tick ") && !line.startsWith("beat ")).toList());
    }

    /** Once it has ended; all that it said is known then. */
    int exitCode() throws InterruptedException {
        assertThat(process.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS)).as(this::output).isTrue();
        reader.join();
        return process.exitValue();
    }

    @Override
    public void close() throws InterruptedException {
        process.destroyForcibly();
        exitCode();
    }
}
