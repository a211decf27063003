package io.clusterleader.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import io.clusterleader.spring.LastTick.State;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** A daily job whose leader is frozen one second before it is due: nobody is told, and its lease has to run out. */
class HangingLeaderTest {
    private static final Duration BOUND = Duration.ofSeconds(60);
    /** Longer than it takes to start an application. */
    private static final Duration BEFORE_TWO = Duration.ofSeconds(12);
    private static final Duration LEASE = Duration.ofSeconds(3);

    @Test
    void g13_aDailyJobRunsRightAfterTheFailOver() throws Exception {
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "hanging-leader").toAbsolutePath()), "");
        Process leader = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-XX:TieredStopAtLevel=1",
                "-cp", System.getProperty("java.class.path"), Leader.class.getName(), directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader output = leader.inputReader()) {
            assertThat(output.readLine()).isEqualTo("leads");
            Instant from = Instant.now();
            try (TakeOverTest.Taken standby = new TakeOverTest.Taken(
                    TakeOverTest.start(directory, TakeOverTest.TWO.minus(BEFORE_TWO), ""))) {
                Instant oneSecondBefore = from.plus(BEFORE_TWO).minusSeconds(1);
                assertThat(Instant.now()).as("an application has started within " + BEFORE_TWO).isBefore(oneSecondBefore);
                await().atMost(BOUND).pollInterval(Duration.ofMillis(10)).until(() -> !Instant.now().isBefore(oneSecondBefore));
                signal("STOP", leader);

                standby.assertRuns("daily", 1);
                assertThat(standby.job("daily").caughtUp()).isEqualTo(1);
                assertThat(standby.job("daily").missed()).isZero();
                assertThat(standby.jobs.events()).filteredOn(event -> event.job().equals(TakeOverTest.id("daily"))).singleElement()
                        .satisfies(event -> assertThat(event.overdue()).isBetween(Duration.ZERO, LEASE.plus(BOUND)));
            }
        } finally {
            leader.destroyForcibly().waitFor();
        }
    }

    private static void signal(String name, Process process) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor()).isZero();
    }

    /** Has run the job the night before. */
    static class Leader {
        public static void main(String[] arguments) throws Exception {
            ClusterLeader leader = ClusterLeader.join(Election.named("take-over").store("file:" + arguments[0]).instanceName("before")
                    .leaseDuration(LEASE).renewDeadline(Duration.ofSeconds(2)).retryPeriod(Duration.ofMillis(500)));
            LastTick nightBefore = new LastTick(
                    State.ENDED, TakeOverTest.cron("0 0 2 * * *"), TakeOverTest.TWO.minus(TakeOverTest.DAY), TakeOverTest.DAY, TakeOverTest.DAY);
            boolean isNoted = leader.await(BOUND) && leader.ledger().put(TakeOverTest.id("daily"), nightBefore.entry())
                    && leader.ledger().flush(BOUND);
            System.out.println(isNoted ? "leads" : "does not lead: " + leader.status());
            Thread.sleep(BOUND.multipliedBy(2).toMillis()); // Killed by then.
        }
    }
}
