package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThreadsTest {
    private static final int THREADS = 64;
    private static final int NAMES = 4;
    private static final Duration RENEW_DEADLINE = Duration.ofMinutes(5);

    @TempDir
    private Path directory;

    /** Two candidacies in each of the elections, for ever replaced by new ones. */
    private final AtomicReferenceArray<ClusterLeader> places = new AtomicReferenceArray<>(2 * NAMES);
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger joined = new AtomicInteger();
    private final AtomicInteger leadingAnswers = new AtomicInteger();
    private final AtomicInteger acquired = new AtomicInteger();
    private final AtomicInteger lost = new AtomicInteger();

    @Test
    void g11_many_threads_call_everything_while_elections_start_and_stop() throws InterruptedException {
        for (int place = 0; place < places.length(); place++) {
            places.set(place, join(place));
        }
        List<Thread> threads = new ArrayList<>();
        for (int number = 0; number < THREADS; number++) {
            boolean replaces = number < 4;
            threads.add(DaemonThread.named("caller " + number, () -> {
                try {
                    for (int turn = 0; turn < (replaces ? 60 : 600); turn++) {
                        int place = ThreadLocalRandom.current().nextInt(places.length());
                        if (replaces) {
                            places.getAndSet(place, join(place)).close();
                        } else {
                            callSomething(places.get(place), turn);
                        }
                    }
                } catch (Throwable failure) {
                    failures.add(failure);
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join(Await.BOUND.toMillis());
            assertTrue(!thread.isAlive(), () -> thread + " hangs: " + List.of(thread.getStackTrace()));
        }
        assertEquals(List.of(), List.copyOf(failures));
        for (int name = 0; name < NAMES; name++) {
            ClusterLeader one = places.get(name);
            ClusterLeader other = places.get(name + NAMES);
            Await.until("one of two leads", () -> one.isLeader() || other.isLeader());
        }
        for (int place = 0; place < places.length(); place++) {
            places.get(place).close();
        }
        Await.until("every term that was told begun was told ended", () -> acquired.get() == lost.get());
        assertTrue(acquired.get() > 0 && joined.get() >= 4 * 60);
    }

    private ClusterLeader join(int place) {
        joined.incrementAndGet();
        ClusterLeader fresh = ClusterLeader.join(Election.named("election-" + place % NAMES)
                .store("file:" + directory)
                .leaseDuration(Duration.ofMinutes(10))
                .renewDeadline(RENEW_DEADLINE)
                .healthCheck(() -> true));
        fresh.addListener(new Counter());
        return fresh;
    }

    /** All may find the election closed at any moment, which none but {@link ClusterLeader#verify} minds. */
    private void callSomething(ClusterLeader election, int turn) throws Exception {
        List<Callable<?>> calls = List.of(
                election::isLeader,
                () -> election.isLeaderFor(Duration.ofSeconds(1)),
                election::remaining,
                election::leader,
                election::term,
                election::fencingToken,
                election::toString,
                () -> election.status().isLeading() && leadingAnswers.incrementAndGet() > 0,
                () -> election.await(Duration.ofMillis(1)),
                () -> {
                    election.ready();
                    return true;
                },
                () -> {
                    election.addListener(new LeadershipListener() {}).close();
                    return true;
                },
                () -> {
                    if (turn % 16 == 0) {
                        election.stepDown();
                    }
                    return true;
                },
                () -> {
                    try {
                        return election.verify();
                    } catch (ClusterLeaderException closed) {
                        return closed.getMessage();
                    }
                });
        calls.get(turn % calls.size()).call();
    }

    private final class Counter implements LeadershipListener {
        @Override
        public void onAcquired(long token, long term) {
            acquired.incrementAndGet();
        }

        @Override
        public void onLost(long token, LostReason reason) {
            lost.incrementAndGet();
        }
    }
}
