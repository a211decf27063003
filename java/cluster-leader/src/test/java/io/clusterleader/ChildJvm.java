package io.clusterleader;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A JVM of its own, killed at the end of the test if it still runs. */
final class ChildJvm implements AutoCloseable {
    private final Process process;
    private final PrintStream commands;
    private final List<String> lines = new ArrayList<>();
    private final Thread reader;
    /** For each prefix that was waited for, how many lines were looked at. */
    private final Map<String, Integer> read = new HashMap<>();

    private ChildJvm(ProcessBuilder builder) {
        try {
            process = builder.redirectErrorStream(true).start();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        reader = DaemonThread.named("output of " + process.pid(), this::readLines);
        reader.start();
    }

    /** Runs a class of the test class path. */
    static ChildJvm run(Path java, Map<String, String> environment, List<String> options, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(java.toString(), "-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("CLUSTER_LEADER_"));
        builder.environment().putAll(environment);
        return new ChildJvm(builder);
    }

    /** The JVM that the tests run on. */
    static Path thisJava() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    private void readLines() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                synchronized (this) {
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

    /** Waits for a line that begins like this, after the last one for which this was waited. */
    String await(String prefix) {
        String[] found = new String[1];
        try {
            Await.until("a line beginning with '" + prefix + "'", () -> {
                found[0] = next(prefix);
                return found[0] != null || !process.isAlive() && !reader.isAlive();
            });
        } catch (AssertionError failure) {
            throw new AssertionError(failure.getMessage() + "\n" + output(), failure);
        }
        return found[0] != null ? found[0] : fail("ended without a line beginning with '" + prefix + "':\n" + output());
    }

    private synchronized String next(String prefix) {
        for (int at = read.getOrDefault(prefix, 0); at < lines.size(); at++) {
            if (lines.get(at).startsWith(prefix)) {
                read.put(prefix, at + 1);
                return lines.get(at);
            }
        }
        return null;
    }

    /** All that it said so far, on both of its outputs. */
    synchronized String output() {
        return String.join("\n", lines);
    }

    synchronized boolean said(String prefix) {
        return lines.stream().anyMatch(line -> line.startsWith(prefix));
    }

    /** SIGTERM. */
    void terminate() {
        // Process.destroy would also close its standard input, which may end it first.
        process.toHandle().destroy();
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly();
    }

    int exitCode() {
        return exitCode(Await.BOUND);
    }

    int exitCode(Duration bound) {
        try {
            if (!process.waitFor(bound.toSeconds(), TimeUnit.SECONDS)) {
                fail("still runs:\n" + output());
            }
            reader.join();
            return process.exitValue();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        exitCode();
    }
}
