package io.clusterleader.spring.lifecycle;

import static java.net.http.HttpRequest.BodyPublishers.noBody;
import static java.net.http.HttpResponse.BodyHandlers.ofString;
import static org.assertj.core.api.Assertions.assertThat;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.SpringBootVersion;

/** However an application ends: another leads only when none of its jobs is under way, and then at once. */
@Execution(ExecutionMode.CONCURRENT)
class ShutdownTest {
    /** No expectation: the machine may be busy. It is much less than any lease of these tests lasts. */
    private static final Duration PROMPTLY = Duration.ofSeconds(20);

    private static final Duration LEASE = Duration.ofMinutes(10);

    private static final boolean BOOT_2 = SpringBootVersion.getVersion().startsWith("2.");

    private final Path directory = Application.newDirectory();

    ShutdownTest() throws IOException {}

    /** What ends the application. */
    private enum End {
        SIGTERM,
        EXIT,
        CLOSE,
        ACTUATOR,
        /** By the job itself. */
        OWN_EXIT,
        OWN_CLOSE;

        /** Else the process goes on without the application. */
        boolean isOfTheProcess() {
            return this == SIGTERM || this == EXIT || this == OWN_EXIT;
        }

        boolean isByAJob() {
            return this == OWN_EXIT || this == OWN_CLOSE;
        }
    }

    /** What it does by then. */
    private enum Work {
        NONE,
        /** A job that ends a while later, and a web request that lasts longer. */
        LONG,
        /** A job that ignores interruption. */
        STUBBORN
    }

    private record Case(End end, Work work, boolean awaitTermination, boolean virtualThreads) {
        /** Spring itself waits for a job that does not end, in other phases than ours. */
        boolean isWaitedForInVain() {
            return work == Work.STUBBORN || end.isByAJob();
        }
    }

    static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        boolean await = false;
        for (Work work : Work.values()) {
            for (End end : List.of(End.SIGTERM, End.EXIT, End.CLOSE, End.ACTUATOR)) {
                cases.add(new Case(end, work, await, false));
                await = !await;
            }
            await = !await; // So that each end is seen with both.
        }
        cases.add(new Case(End.OWN_EXIT, Work.NONE, false, false));
        cases.add(new Case(End.OWN_CLOSE, Work.NONE, false, false));
        if (!BOOT_2) { // It knows no virtual threads.
            Java25.ifThere(() -> Stream.of(
                    new Case(End.SIGTERM, Work.LONG, false, true),
                    new Case(End.CLOSE, Work.STUBBORN, true, true)).forEach(cases::add));
        }
        return cases;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void g7_nothingIsUnderWayWhenAnotherLeadsAndItLeadsAtOnce(Case row) throws Exception {
        try (Child child = Child.start(row.virtualThreads ? Java25.java() : thisJava(), arguments(row))) {
            child.await("begin tick"); // It leads.
            try (ClusterLeader rival = ClusterLeader.join(election())) {
                test(row, child, rival);
            }
        }
    }

    private static void test(Case row, Child child, ClusterLeader rival) throws Exception {
        String address = "http://localhost:" + child.await("port ");
        CompletableFuture<HttpResponse<String>> request = begin(row.work, child, address);
        long told = System.nanoTime();
        end(row.end, child, address);
        if (row.work == Work.STUBBORN && !row.end.isOfTheProcess()) {
            child.await("destroyed");
            assertThat(rival.isLeader()).isFalse();
            told = System.nanoTime();
            child.send("exit");
        }
        long yes = firstYes(rival, child);
        assertThat(yes - told).as("from the end to the rival's yes").isLessThan(PROMPTLY.toNanos());
        if (row.work == Work.LONG) {
            assertThat(request).as("the request").isNotDone();
            child.send("answer");
            assertThat(request.get().body()).isEqualTo("answer");
        }
        if (!row.end.isOfTheProcess()) {
            child.await("destroyed");
            child.send("exit");
        }
        assertThat(child.exitCode()).as(child::output).isEqualTo(row.end == End.SIGTERM ? 128 + 15 : 0);
        assertThat(System.nanoTime() - told).as("from the end to the end of the process").isLessThan(PROMPTLY.toNanos());
        assertThat(child.lines()).doesNotContain("interrupted");
        assertThat(child.lines().stream().filter(line -> line.matches("(begin|end|beat) .*") && nanos(line) - yes >= 0))
                .as("what the old leader's jobs did after another led").isEmpty();
        if (row.work == Work.LONG) {
            assertThat(child.await("end long")).isNotEmpty();
        }
    }

    private static CompletableFuture<HttpResponse<String>> begin(Work work, Child child, String address) {
        switch (work) {
            case LONG -> {
                child.send("long");
                child.await("begin long");
                CompletableFuture<HttpResponse<String>> request =
                        HttpClient.newHttpClient().sendAsync(HttpRequest.newBuilder(URI.create(address + "/slow")).build(), ofString());
                child.await("request");
                return request;
            }
            case STUBBORN -> {
                child.send("stubborn");
                child.await("beat");
            }
            case NONE -> {}
        }
        return new CompletableFuture<>();
    }

    private static void end(End end, Child child, String address) throws Exception {
        switch (end) {
            case SIGTERM -> child.terminate();
            case EXIT -> child.send("exit");
            case CLOSE -> child.send("close");
            case ACTUATOR -> {
                URI shutdown = URI.create(address + "/actuator/shutdown");
                HttpRequest post = HttpRequest.newBuilder(shutdown).header("Content-Type", "application/json").POST(noBody()).build();
                assertThat(HttpClient.newHttpClient().send(post, ofString()).statusCode()).isEqualTo(200);
            }
            case OWN_EXIT -> child.send("exiting");
            case OWN_CLOSE -> child.send("closing");
        }
    }

    /** When it was known: what began or ended before that time may be before the yes. */
    private static long firstYes(ClusterLeader rival, Child child) {
        long until = System.nanoTime() + PROMPTLY.multipliedBy(2).toNanos();
        while (!rival.isLeader()) {
            assertThat(System.nanoTime() - until).as(() -> "nobody else leads:\n" + child.output()).isNegative();
            LockSupport.parkNanos(50_000);
        }
        return System.nanoTime();
    }

    private static long nanos(String line) {
        return Long.parseLong(line.substring(line.lastIndexOf(' ') + 1));
    }

    private static Path thisJava() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    private Election election() {
        return Election.named("worker").store("file:" + directory).instanceName("rival").leaseDuration(LEASE).renewDeadline(LEASE.dividedBy(2));
    }

    private List<String> arguments(Case row) {
        List<String> arguments = new ArrayList<>(List.of(
                "--spring.application.name=worker",
                "--spring.main.banner-mode=off",
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--server.shutdown=graceful",
                "--management.endpoints.web.exposure.include=shutdown",
                BOOT_2 ? "--management.endpoint.shutdown.enabled=true" : "--management.endpoint.shutdown.access=unrestricted",
                "--spring.task.scheduling.pool.size=3",
                "--spring.task.scheduling.shutdown.await-termination=" + row.awaitTermination,
                "--spring.task.scheduling.shutdown.await-termination-period=" + (row.isWaitedForInVain() ? "1s" : "30s"),
                "--spring.lifecycle.timeout-per-shutdown-phase=" + (row.isWaitedForInVain() ? "1s" : "30s"),
                "--spring.threads.virtual.enabled=" + row.virtualThreads,
                "--cluster-leader.scheduled.leader-only=true",
                "--cluster-leader.store=file:" + directory,
                "--cluster-leader.lease-duration=" + LEASE.toSeconds() + "s",
                "--cluster-leader.renew-deadline=" + LEASE.dividedBy(2).toSeconds() + "s"));
        if (row.work == Work.STUBBORN) {
            arguments.add("--cluster-leader.drain-timeout=300ms");
        }
        return arguments;
    }
}
