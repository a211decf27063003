package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HealthCheckTest {
    private static final BooleanSupplier YES = () -> true;

    @TempDir
    private Path directory;

    private final AtomicReference<BooleanSupplier> check = new AtomicReference<>(YES);
    private final List<LostReason> lost = new CopyOnWriteArrayList<>();
    private final CountDownLatch end = new CountDownLatch(1);

    @Test
    void who_has_not_said_yes_yet_does_not_stand() {
        AtomicBoolean asked = new AtomicBoolean();
        check.set(() -> {
            asked.set(true);
            return false;
        });
        try (ClusterLeader checked = join()) {
            Await.until("asked", asked::get);
            try (ClusterLeader other = ClusterLeader.join(election())) {
                Await.until("the other leads", other::isLeader);
            }
            assertEquals(Status.State.STARTING, checked.status().state());
            check.set(YES);
            Await.until("it leads", checked::isLeader);
        }
    }

    @ParameterizedTest
    @CsvSource({"says no, UNHEALTHY", "throws, UNHEALTHY", "hangs, HOST_STUCK"})
    void g7_while_it_fails_another_leads_and_afterwards_it_may_again(String how, LostReason reason) {
        try (ClusterLeader checked = join()) {
            Await.until("it leads", checked::isLeader);
            check.set(() -> fail(how));
            Await.until("it leads no more", () -> !checked.isLeader());
            try (ClusterLeader other = ClusterLeader.join(election())) {
                Await.until("another leads", other::isLeader);
                Await.until("told", () -> lost.equals(List.of(reason)));
            }
            Await.always("it does not stand", Duration.ofMillis(500), () -> !checked.isLeader());
            check.set(YES);
            end.countDown();
            Await.until("it leads again", checked::isLeader);
        }
    }

    private boolean fail(String how) {
        switch (how) {
            case "says no":
                return false;
            case "throws":
                throw new AssertionError("on purpose");
            default:
                Await.uninterruptibly(end);
                return true;
        }
    }

    @Test
    void g11_one_that_hangs_delays_no_other_check_and_no_listener() {
        check.set(() -> fail("hangs"));
        try (ClusterLeader hanging = join();
                ClusterLeader other = ClusterLeader.join(Election.named("other").store("file:" + directory).healthCheck(YES))) {
            AtomicBoolean told = new AtomicBoolean();
            other.addListener(new LeadershipListener() {
                @Override
                public void onAcquired(long token, long term) {
                    told.set(true);
                }
            });
            Await.until("the other leads", other::isLeader);
            Await.until("told", told::get);
            assertFalse(hanging.isLeader());
            end.countDown();
            Await.until("it leads as well", hanging::isLeader);
        }
    }

    @Test
    void one_that_throws_is_told_of_once() {
        try (LogLines lines = LogLines.record(java.util.logging.Level.INFO); ClusterLeader checked = join()) {
            AtomicBoolean asked = new AtomicBoolean();
            int[] times = {0};
            check.set(() -> {
                asked.set(++times[0] == 3);
                throw new IllegalStateException("on purpose");
            });
            Await.until("asked three times", asked::get);
            Await.until("told", () -> lines.contain(java.util.logging.Level.WARNING, "A health check failed"));
            assertEquals(1, lines.count("A health check failed"), lines::toString);
            assertFalse(checked.isLeader());
        }
    }

    @Test
    void closing_interrupts_it_and_ends_its_thread() {
        AtomicReference<Thread> thread = new AtomicReference<>();
        AtomicBoolean interrupted = new AtomicBoolean();
        check.set(() -> {
            thread.set(Thread.currentThread());
            try {
                end.await();
            } catch (InterruptedException interrupt) {
                interrupted.set(true);
            }
            return true;
        });
        try (ClusterLeader checked = join()) {
            Await.until("asked", () -> thread.get() != null);
            assertTrue(thread.get().isDaemon());
            assertEquals("cluster-leader-health", thread.get().getName());
            assertFalse(checked.isLeader());
        }
        Await.until("it ended", () -> !thread.get().isAlive());
        assertTrue(interrupted.get());
    }

    private ClusterLeader join() {
        ClusterLeader joined = ClusterLeader.join(election().healthCheck(() -> check.get().getAsBoolean()));
        joined.addListener(new LeadershipListener() {
            @Override
            public void onLost(long token, LostReason reason) {
                lost.add(reason);
            }
        });
        return joined;
    }

    private Election election() {
        return Election.named("billing-jobs")
                .store("file:" + directory)
                .leaseDuration(Duration.ofMinutes(10))
                .renewDeadline(Duration.ofMinutes(5))
                .heartbeat(Duration.ofSeconds(2));
    }
}
