package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a listener may do to its own election, to itself and to its thread. */
class ListenersMisbehaveTest {
    @TempDir
    private Path directory;

    private ClusterLeader leader;
    private final List<String> told = new CopyOnWriteArrayList<>();

    @BeforeEach
    void join() {
        leader = ClusterLeader.join(Election.named("billing-jobs")
                .store("file:" + directory)
                .leaseDuration(Duration.ofMinutes(10))
                .renewDeadline(Duration.ofMinutes(5)));
    }

    @AfterEach
    void close() {
        leader.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"OutOfMemoryError", "StackOverflowError", "ThreadDeath", "checked exception", "interrupt"})
    void g9_whatever_it_throws_the_next_one_is_told_and_so_is_it_the_next_time(String what) {
        leader.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                told.add("first");
                if (what.equals("interrupt")) {
                    Thread.currentThread().interrupt();
                } else {
                    ListenersMisbehaveTest.<RuntimeException>sneak(failure(what));
                }
            }

            @Override
            public void onLost(long token, LostReason reason) {
                told.add("first lost");
            }
        });
        leader.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                told.add("second" + (Thread.currentThread().isInterrupted() ? " interrupted" : ""));
            }
        });
        Await.until("both are told", () -> told.containsAll(List.of("first", "second")));
        leader.stepDown();
        Await.until("it is told again", () -> told.equals(List.of("first", "second", "first lost")));
    }

    @SuppressWarnings("removal")
    private static Throwable failure(String what) {
        return switch (what) {
            case "OutOfMemoryError" -> new OutOfMemoryError("on purpose");
            case "StackOverflowError" -> new StackOverflowError();
            case "ThreadDeath" -> new ThreadDeath();
            default -> new java.io.IOException("undeclared");
        };
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable failure) throws T {
        throw (T) failure;
    }

    @Test
    void g9_one_that_really_runs_out_of_memory_costs_nothing() {
        leader.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                told.add("acquired");
                List<byte[]> all = new java.util.ArrayList<>();
                while (true) {
                    all.add(new byte[Integer.MAX_VALUE - 8]);
                }
            }

            @Override
            public void onLost(long token, LostReason reason) {
                told.add("lost");
            }
        });
        Await.until("it is told", () -> told.contains("acquired"));
        assertTrue(leader.isLeader());
        leader.stepDown();
        Await.until("it is told again", () -> told.equals(List.of("acquired", "lost")));
    }

    @Test
    void g9_one_that_closes_its_own_election_is_told_the_end() {
        leader.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                told.add("acquired");
                leader.close();
                told.add(leader.isLeader() ? "leads" : "closed");
            }

            @Override
            public void onLost(long token, LostReason reason) {
                told.add("lost " + reason);
            }
        });
        Await.until("told", () -> told.equals(List.of("acquired", "closed", "lost STOPPED")));
        assertEquals(Status.State.STOPPED, leader.status().state());
    }

    @Test
    void g9_one_that_steps_down_at_once_is_told_of_the_loss() {
        leader.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                leader.stepDown();
                told.add(leader.isLeader() ? "leads" : "stepped down");
            }

            @Override
            public void onLost(long token, LostReason reason) {
                told.add("lost " + reason);
            }
        });
        Await.until("told", () -> told.equals(List.of("stepped down", "lost STEPPED_DOWN")));
    }

    @Test
    void g9_one_that_removes_itself_is_told_nothing_more() {
        AtomicReference<LeadershipListener.Registration> registration = new AtomicReference<>();
        CountDownLatch registered = new CountDownLatch(1);
        registration.set(leader.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                Await.uninterruptibly(registered);
                registration.get().close();
                told.add("removed");
            }

            @Override
            public void onLost(long token, LostReason reason) {
                told.add("lost");
            }
        }));
        CountDownLatch otherLost = new CountDownLatch(1);
        leader.addListener(new LeadershipListener() {
            @Override
            public void onLost(long token, LostReason reason) {
                otherLost.countDown();
            }
        });
        registered.countDown();
        Await.until("it removed itself", () -> told.contains("removed"));
        leader.close();
        Await.uninterruptibly(otherLost);
        assertEquals(List.of("removed"), told);
    }

    @Test
    void g9_one_that_is_added_by_another_is_told_how_things_stand_once() {
        leader.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                leader.addListener(new LeadershipListener() {
                    @Override
                    public void onAcquired(long token, long term) {
                        told.add("added acquired " + token);
                    }

                    @Override
                    public void onLost(long token, LostReason reason) {
                        told.add("added lost " + token);
                    }
                });
            }
        });
        Await.until("it leads", leader::isLeader);
        long token = leader.fencingToken().orElseThrow();
        Await.until("told", () -> !told.isEmpty());
        leader.close();
        Await.until("told", () -> told.equals(List.of("added acquired " + token, "added lost " + token)));
        assertFalse(leader.isLeader());
    }
}
