package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListenersTest {
    /** Longer than a busy machine stands still. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(4);

    @TempDir
    private Path directory;

    private final List<ClusterLeader> open = new ArrayList<>();

    private Election election;

    @BeforeEach
    void describe() {
        election = Election.named("billing-jobs")
                .store("file:" + directory)
                .instanceName("here")
                .leaseDuration(Duration.ofMinutes(10))
                .renewDeadline(Duration.ofMinutes(5))
                .heartbeat(Duration.ZERO);
    }

    @AfterEach
    void close() {
        open.forEach(ClusterLeader::close);
    }

    @Test
    void g9_each_term_is_acquired_once_and_lost_once_in_order() {
        ClusterLeader first = join("first");
        Recorder recorder = new Recorder();
        first.addListener(recorder);
        ClusterLeader second = null;
        List<String> expected = new ArrayList<>();
        for (int term = 0; term < 6; term += 2) {
            Await.until("the first leads", first::isLeader);
            String token = "" + first.fencingToken().orElseThrow();
            expected.add("acquired " + token + " term " + term);
            if (second == null) {
                second = join("second");
            }
            knows(second, "first");
            first.stepDown();
            expected.add("lost " + token + " STEPPED_DOWN");
            Await.until("the second leads", second::isLeader);
            knows(first, "second");
            second.stepDown();
        }
        Await.until("the first leads", first::isLeader);
        String token = "" + first.fencingToken().orElseThrow();
        expected.add("acquired " + token + " term 6");
        recorder.until("acquired " + token + " term 6");
        first.close();
        expected.add("lost " + token + " STOPPED");
        recorder.until("lost " + token + " STOPPED");
        assertEquals(expected, recorder.terms());
    }

    @Test
    void g9_who_leads_is_told_by_name() {
        ClusterLeader first = join("first");
        ClusterLeader second = join(first, "second");
        Recorder recorder = new Recorder();
        second.addListener(recorder);
        recorder.until("leader first");
        first.close();
        recorder.until("leader second");
        assertTrue(recorder.told.indexOf("leader second") < recorder.told.indexOf(recorder.terms().get(0)) + 2, recorder.told::toString);
    }

    @Test
    void g9_a_listener_that_comes_late_is_told_of_the_term_that_runs() {
        ClusterLeader leader = join("here");
        Recorder early = new Recorder();
        leader.addListener(early);
        Await.until("leads", leader::isLeader);
        String token = "" + leader.fencingToken().orElseThrow();
        early.until("acquired " + token + " term 0");
        Recorder late = new Recorder();
        leader.addListener(late);
        late.until("acquired " + token + " term 0");
        leader.close();
        late.until("lost " + token + " STOPPED");
        early.until("lost " + token + " STOPPED");
        assertEquals(2, late.terms().size(), late.told::toString);
        assertEquals(2, early.terms().size(), early.told::toString);
        assertEquals("leader here", late.told.get(0));
    }

    @Test
    void g9_a_term_that_ends_before_the_listeners_turn_is_told_all_the_same() throws InterruptedException {
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch free = new CountDownLatch(1);
        ClusterLeader other = ClusterLeader.join(Election.named("other").store("file:" + directory));
        open.add(other);
        other.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                busy.countDown();
                try {
                    free.await(60, TimeUnit.SECONDS);
                } catch (InterruptedException end) {
                    Thread.currentThread().interrupt();
                }
            }
        });
        assertTrue(busy.await(60, TimeUnit.SECONDS));
        ClusterLeader first = join("first");
        Recorder recorder = new Recorder();
        first.addListener(recorder);
        Await.until("the first leads", first::isLeader);
        String token = "" + first.fencingToken().orElseThrow();
        first.stepDown();
        Await.until("it leads no more", () -> !first.isLeader());
        free.countDown();
        recorder.until("lost " + token + " STEPPED_DOWN");
        assertEquals(List.of("acquired " + token + " term 0", "lost " + token + " STEPPED_DOWN"), recorder.terms());
    }

    @Test
    void g9_a_removed_listener_is_told_nothing_more() {
        ClusterLeader leader = join("here");
        Recorder removed = new Recorder();
        Recorder kept = new Recorder();
        LeadershipListener.Registration registration = leader.addListener(removed);
        leader.addListener(kept);
        kept.until("leader here");
        removed.until("leader here");
        registration.close();
        registration.close();
        leader.close();
        kept.await("lost");
        assertFalse(removed.told.stream().anyMatch(line -> line.startsWith("lost")), removed.told::toString);
    }

    @Test
    void g9_a_listener_that_throws_is_survived() {
        ClusterLeader leader = join("here");
        leader.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                throw new AssertionError("on purpose");
            }
        });
        Recorder recorder = new Recorder();
        leader.addListener(recorder);
        recorder.await("acquired");
        leader.stepDown();
        recorder.await("lost");
    }

    @Test
    void g9_a_listener_that_does_not_return_costs_no_leadership_and_delays_no_answer() throws InterruptedException {
        election = election.heartbeat(HEARTBEAT);
        ClusterLeader leader = join("here");
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        Recorder recorder = new Recorder();
        leader.addListener(recorder);
        leader.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                entered.countDown();
                try {
                    released.await();
                } catch (InterruptedException stopped) {
                    throw new AssertionError(stopped);
                }
            }
        });
        assertTrue(entered.await(Await.BOUND.toSeconds(), TimeUnit.SECONDS));
        Await.always("leads, as the heart beats", HEARTBEAT.multipliedBy(2), leader::isLeader);
        ClusterLeader other = join(leader, "other");
        leader.stepDown();
        assertFalse(leader.isLeader());
        Await.until("the other leads", other::isLeader);
        assertEquals(1, recorder.terms().size(), recorder.told::toString);
        released.countDown();
        recorder.await("lost");
    }

    @Test
    void g11_all_listeners_run_on_one_daemon_thread() throws InterruptedException {
        BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
        for (String name : List.of("one", "two")) {
            open.add(ClusterLeader.join(Election.named(name).store("file:" + directory)));
            open.get(open.size() - 1).addListener(new LeadershipListener() {
                @Override
                public void onAcquired(long token, long term) {
                    threads.add(Thread.currentThread());
                }
            });
        }
        Thread one = threads.poll(Await.BOUND.toSeconds(), TimeUnit.SECONDS);
        Thread two = threads.poll(Await.BOUND.toSeconds(), TimeUnit.SECONDS);
        assertEquals(one, two);
        assertEquals("cluster-leader-listener", one.getName());
        assertTrue(one.isDaemon());
    }

    private ClusterLeader join(String name) {
        ClusterLeader joined = ClusterLeader.join(election.instanceName(name));
        open.add(joined);
        return joined;
    }

    private ClusterLeader join(ClusterLeader leader, String name) {
        Await.until("leads", leader::isLeader);
        ClusterLeader joined = join(name);
        Await.until("follows", () -> joined.leader().isPresent());
        return joined;
    }

    private static void knows(ClusterLeader candidate, String leader) {
        Await.until("knows that " + leader + " leads", () -> candidate.leader().equals(Optional.of(leader)));
    }

    private static final class Recorder implements LeadershipListener {
        private final List<String> told = new java.util.concurrent.CopyOnWriteArrayList<>();

        @Override
        public void onAcquired(long token, long term) {
            told.add("acquired " + token + " term " + term);
        }

        @Override
        public void onLost(long token, LostReason reason) {
            told.add("lost " + token + " " + reason);
        }

        @Override
        public void onLeaderChanged(Optional<String> leader) {
            told.add("leader " + leader.orElse("nobody"));
        }

        private List<String> terms() {
            return told.stream().filter(line -> !line.startsWith("leader")).toList();
        }

        private void until(String line) {
            Await.until("told '" + line + "'", () -> told.contains(line));
        }

        private void await(String prefix) {
            Await.until("told '" + prefix + " ...'", () -> told.stream().anyMatch(line -> line.startsWith(prefix)));
        }
    }
}
