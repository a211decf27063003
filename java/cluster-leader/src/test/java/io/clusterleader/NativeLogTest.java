package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeLogTest {
    private static final Duration HEARTBEAT = Duration.ofSeconds(2);

    @TempDir
    private Path directory;

    @Test
    void a_line_keeps_its_level() {
        assertEquals("SEVERE cut off", levelAndMessage("ERROR\tcut off"));
        assertEquals("WARNING a\tb", levelAndMessage("WARN\ta\tb"));
        assertEquals("INFO", levelAndMessage("INFO\t").trim());
        assertEquals("FINE {0}", levelAndMessage("DEBUG\t{0}"));
        assertEquals("INFO no level", levelAndMessage("no level"));
        assertFalse(NativeLog.record("INFO\tx").getSourceClassName() != null);
    }

    private static String levelAndMessage(String line) {
        return NativeLog.record(line).getLevel().getName() + " " + NativeLog.record(line).getMessage();
    }

    @Test
    void lines_that_the_logger_does_not_want_are_not_made_and_those_that_it_wants_are() {
        try (LogLines lines = LogLines.record(Level.WARNING); ClusterLeader leader = join()) {
            Await.until("leads", leader::isLeader);
            assertEquals(0, lines.count(""), lines::toString);
            NativeLog.LOGGER.setLevel(Level.FINE);
            Await.until("fine lines are told", () -> {
                leadAndClose("another");
                return lines.contain(Level.FINE, "Released");
            });
        }
        // Lines of those before may still be on their way.
        try (LogLines lines = LogLines.record(Level.INFO); ClusterLeader leader = join("yet-another")) {
            Await.until("told", () -> lines.contain(Level.INFO, "yet-another.json: this process leads ("));
            leader.stepDown();
            Await.until("told", () -> lines.contain(Level.INFO, "yet-another.json: this process leads no more"));
            assertTrue(lines.contain(Level.INFO, "stands in election \"yet-another\""), lines::toString);
            assertEquals(0, lines.count("Released"), lines::toString);
        }
    }

    private void leadAndClose(String name) {
        try (ClusterLeader leader = join(name)) {
            Await.until("leads", leader::isLeader);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"throws", "throws an error", "blocks"})
    void g11_a_log_handler_that_fails_or_blocks_harms_nothing(String how) {
        CountDownLatch end = new CountDownLatch(1);
        List<String> told = new CopyOnWriteArrayList<>();
        try (LogLines lines = LogLines.record(record -> {
                    switch (how) {
                        case "throws" -> throw new IllegalStateException("on purpose");
                        case "throws an error" -> throw new AssertionError("on purpose");
                        default -> Await.uninterruptibly(end);
                    }
                });
                ClusterLeader leader = join()) {
            Await.until("the handler is in use", () -> lines.count("") > 0);
            leader.addListener(new LeadershipListener() {
                @Override
                public void onAcquired(long token, long term) {
                    throw new IllegalStateException("which is logged");
                }
            });
            leader.addListener(new LeadershipListener() {
                @Override
                public void onAcquired(long token, long term) {
                    told.add("acquired");
                }

                @Override
                public void onLost(long token, LostReason reason) {
                    told.add("lost " + reason);
                }
            });
            Await.until("the next listener is told", () -> told.contains("acquired"));
            Await.always("it leads", HEARTBEAT.plusSeconds(1), leader::isLeader);
            leader.stepDown();
            Await.until("told", () -> told.equals(List.of("acquired", "lost STEPPED_DOWN")));
            end.countDown();
            Await.until("later lines are logged", () -> lines.contain(Level.INFO, "this process leads no more"));
            assertEquals(1, lines.count("A leadership listener failed"), lines::toString);
        } finally {
            end.countDown();
        }
    }

    private ClusterLeader join() {
        return join("billing-jobs");
    }

    private ClusterLeader join(String name) {
        return ClusterLeader.join(Election.named(name)
                .store("file:" + directory)
                .leaseDuration(Duration.ofMinutes(10))
                .renewDeadline(Duration.ofMinutes(5))
                .heartbeat(HEARTBEAT));
    }
}
