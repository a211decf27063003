package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AwaitLeadershipTest {
    private static final Duration FOR_EVER = Duration.ofSeconds(Long.MAX_VALUE);

    @TempDir
    private Path directory;

    private Election election;

    @BeforeEach
    void describe() {
        election = Election.named("billing-jobs")
                .store("file:" + directory)
                .leaseDuration(Duration.ofMinutes(10))
                .renewDeadline(Duration.ofMinutes(5));
    }

    @Test
    void whoever_waits_is_told_when_the_process_leads() throws Exception {
        try (ClusterLeader first = ClusterLeader.join(election); ClusterLeader second = ClusterLeader.join(election)) {
            ClusterLeader leader = leaderOf(first, second);
            ClusterLeader follower = leader == first ? second : first;
            Await.until("it follows", () -> follower.leader().isPresent());
            assertTrue(leader.await(Duration.ZERO));
            assertFalse(follower.await(Duration.ZERO));
            assertFalse(follower.await(Duration.ofSeconds(Long.MIN_VALUE)));
            assertFalse(follower.await(Duration.ofMillis(50)));
            FutureTask<Boolean> waiting = inAThread(() -> follower.await(FOR_EVER));
            leader.stepDown();
            assertTrue(waiting.get(Await.BOUND.toSeconds(), TimeUnit.SECONDS));
        }
    }

    @Test
    void g9_a_listener_that_does_not_return_keeps_nobody_waiting() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        try (ClusterLeader other = ClusterLeader.join(Election.named("other").store("file:" + directory))) {
            other.addListener(new LeadershipListener() {
                @Override
                public void onAcquired(long token, long term) {
                    entered.countDown();
                    Await.uninterruptibly(released);
                }
            });
            assertTrue(entered.await(Await.BOUND.toSeconds(), TimeUnit.SECONDS));
            try (ClusterLeader leader = ClusterLeader.join(election)) {
                assertTrue(leader.await(Await.BOUND));
            } finally {
                released.countDown();
            }
        }
    }

    @Test
    void an_election_that_is_closed_is_not_waited_for() throws Exception {
        try (ClusterLeader leader = ClusterLeader.join(election)) {
            assertTrue(leader.await(Await.BOUND));
            ClusterLeader follower = ClusterLeader.join(election);
            FutureTask<Boolean> waiting = inAThread(() -> follower.await(FOR_EVER));
            follower.close();
            assertFalse(waiting.get(Await.BOUND.toSeconds(), TimeUnit.SECONDS));
            assertFalse(follower.await(FOR_EVER));
        }
    }

    @Test
    void a_thread_that_is_interrupted_waits_no_longer() throws Exception {
        try (ClusterLeader leader = ClusterLeader.join(election)) {
            assertTrue(leader.await(Await.BOUND));
            try (ClusterLeader follower = ClusterLeader.join(election)) {
                Thread.currentThread().interrupt();
                assertThrows(InterruptedException.class, () -> follower.await(FOR_EVER));
                FutureTask<Boolean> waiting = new FutureTask<>(() -> follower.await(FOR_EVER));
                Thread thread = DaemonThread.named("waiting", waiting);
                thread.start();
                Await.until("it waits", () -> thread.getState() == Thread.State.TIMED_WAITING);
                thread.interrupt();
                Exception end = assertThrows(Exception.class, () -> waiting.get(Await.BOUND.toSeconds(), TimeUnit.SECONDS));
                assertEquals(InterruptedException.class, end.getCause().getClass());
            }
        }
    }

    private static ClusterLeader leaderOf(ClusterLeader first, ClusterLeader second) {
        Await.until("one leads", () -> first.isLeader() || second.isLeader());
        return first.isLeader() ? first : second;
    }

    private static FutureTask<Boolean> inAThread(java.util.concurrent.Callable<Boolean> work) {
        FutureTask<Boolean> task = new FutureTask<>(work);
        DaemonThread.named("waiting", task).start();
        return task;
    }
}
