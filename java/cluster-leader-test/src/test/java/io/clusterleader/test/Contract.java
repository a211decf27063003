package io.clusterleader.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.clusterleader.ClusterLeader;
import io.clusterleader.ClusterLeaderException;
import io.clusterleader.Election;
import io.clusterleader.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What code under test can see: the same in an election that a test controls and in a real one. */
abstract class Contract {
    @TempDir
    private Path directory;

    private World world;
    private final List<ClusterLeader> joined = new ArrayList<>();

    abstract World open(Path ofElections);

    @BeforeEach
    void open() {
        world = open(directory);
    }

    @AfterEach
    void close() {
        joined.forEach(ClusterLeader::close);
        world.close();
    }

    private ClusterLeader join(Election election) {
        joined.add(ClusterLeader.join(election));
        return joined.get(joined.size() - 1);
    }

    private ClusterLeader joinLeader() {
        ClusterLeader leader = join(world.election);
        world.letLead();
        Await.until("it leads", leader::isLeader);
        return leader;
    }

    @Test
    void what_a_leader_is_answered() {
        ClusterLeader leader = joinLeader();
        assertTrue(leader.remaining().compareTo(World.RENEW_DEADLINE) < 0, () -> "" + leader.remaining());
        assertTrue(leader.verify());
        assertEquals(Optional.of("here"), leader.leader());
        assertEquals(OptionalLong.of(0), leader.term());
        Status status = leader.status();
        assertEquals("billing-jobs", status.election());
        assertEquals("here", status.instanceName());
        assertTrue(status.identity().startsWith("here_"), status.identity());
        assertEquals(Status.State.LEADING, status.state());
        assertTrue(status.isLeading());
        assertEquals(Optional.of("here"), status.leader());
        assertEquals(Optional.of(status.identity()), status.leaderIdentity());
        assertEquals(OptionalLong.of(0), status.term());
        assertTrue(status.fencingToken().isPresent());
        assertEquals(leader.fencingToken(), status.fencingToken());
        assertEquals(Optional.empty(), status.lastProblem());
        assertEquals("here is leading in " + status.place() + ", led by here", status.toString());
    }

    @Test
    void what_is_left_of_a_term_is_bounded() {
        ClusterLeader leader = joinLeader();
        assertTrue(leader.isLeaderFor(Duration.ofSeconds(Long.MIN_VALUE)));
        assertTrue(leader.isLeaderFor(Duration.ofMinutes(1)));
        assertFalse(leader.isLeaderFor(World.RENEW_DEADLINE.minusNanos(1)));
        assertThrows(IllegalArgumentException.class, () -> leader.isLeaderFor(World.RENEW_DEADLINE));
        assertThrows(IllegalArgumentException.class, () -> leader.isLeaderFor(Duration.ofSeconds(Long.MAX_VALUE)));
    }

    @Test
    void what_a_follower_is_answered_and_how_it_takes_over() {
        world.anotherLeads("there");
        ClusterLeader follower = join(world.election);
        Recorder recorder = new Recorder();
        follower.addListener(recorder);
        Await.until("it follows", () -> recorder.told.contains("leader there"));
        assertFalse(follower.isLeader());
        assertFalse(follower.isLeaderFor(Duration.ZERO));
        assertThrows(IllegalArgumentException.class, () -> follower.isLeaderFor(World.RENEW_DEADLINE));
        assertEquals(Duration.ZERO, follower.remaining());
        assertFalse(follower.verify());
        assertEquals(OptionalLong.of(0), follower.term());
        assertEquals(OptionalLong.empty(), follower.fencingToken());
        assertEquals(Status.State.FOLLOWING, follower.status().state());
        assertTrue(follower.status().leaderIdentity().orElseThrow().startsWith("there_"));
        world.letLead();
        Await.until("it leads", follower::isLeader);
        assertEquals(OptionalLong.of(1), follower.term());
        String acquired = "acquired " + follower.fencingToken().orElseThrow() + " term 1";
        Await.until("it is told so", () -> recorder.told.contains(acquired));
        List<String> told = new ArrayList<>(recorder.told);
        told.removeIf("leader nobody"::equals); // Whoever asks quickly sees the other's release.
        assertEquals(List.of("leader there", "leader here", acquired), told);
        assertEquals("cluster-leader-listener", recorder.thread);
    }

    @Test
    void who_steps_down_sits_out() {
        ClusterLeader leader = join(world.election);
        Recorder recorder = new Recorder();
        leader.addListener(recorder);
        world.letLead();
        Await.until("it is told so", () -> recorder.told.size() > 1);
        long token = leader.fencingToken().orElseThrow();
        leader.stepDown();
        assertFalse(leader.isLeader());
        Await.until("the record is released", () -> recorder.told.contains("leader nobody"));
        assertFalse(leader.isLeader());
        assertEquals(Status.State.FOLLOWING, leader.status().state());
        assertEquals(Optional.empty(), leader.leader());
        assertEquals(OptionalLong.of(0), leader.term());
        leader.stepDown();
        assertEquals(
                List.of("leader here", "acquired " + token + " term 0", "lost " + token + " STEPPED_DOWN", "leader nobody"),
                recorder.told);
    }

    @Test
    void what_is_closed_answers_no_to_everything() {
        ClusterLeader leader = join(world.election);
        Recorder recorder = new Recorder();
        leader.addListener(recorder);
        world.letLead();
        Await.until("it is told so", () -> recorder.told.size() > 1);
        long token = leader.fencingToken().orElseThrow();
        leader.close();
        assertFalse(leader.isLeader());
        leader.close();
        leader.stepDown();
        leader.ready();
        assertFalse(leader.isLeader());
        assertFalse(leader.isLeaderFor(Duration.ZERO));
        assertEquals(Duration.ZERO, leader.remaining());
        assertEquals(OptionalLong.empty(), leader.fencingToken());
        assertEquals(Status.State.STOPPED, leader.status().state());
        assertThrows(ClusterLeaderException.class, leader::verify);
        Await.until("it is told so", () -> recorder.told.size() > 2);
        assertEquals(List.of("leader here", "acquired " + token + " term 0", "lost " + token + " STOPPED"), recorder.told);
    }

    @Test
    void a_listener_that_comes_late_is_told_how_things_stand() {
        ClusterLeader leader = joinLeader();
        Await.until("it knows", () -> leader.leader().isPresent());
        Recorder early = new Recorder();
        leader.addListener(early);
        Await.until("it is told", () -> early.told.contains("leader here"));
        Recorder late = new Recorder();
        leader.addListener(late);
        Await.until("it is told", () -> late.told.size() > 1);
        assertEquals(List.of("leader here", "acquired " + leader.fencingToken().orElseThrow() + " term 0"), late.told);
    }

    @Test
    void who_waits_until_it_is_ready_leads_once_it_is() {
        ClusterLeader waiting = join(world.election.waitUntilReady(true));
        world.letLead();
        assertFalse(waiting.isLeader());
        assertEquals(Status.State.STARTING, waiting.status().state());
        assertEquals(Optional.empty(), waiting.leader());
        waiting.ready();
        Await.until("it leads", waiting::isLeader);
        waiting.ready();
        assertTrue(waiting.isLeader());
    }

    @Test
    void who_is_not_healthy_leads_only_once_it_is() {
        AtomicBoolean healthy = new AtomicBoolean(true);
        ClusterLeader leader = join(world.election.healthCheck(healthy::get));
        Recorder recorder = new Recorder();
        leader.addListener(recorder);
        world.letLead();
        Await.until("it leads", leader::isLeader);
        long token = leader.fencingToken().orElseThrow();
        healthy.set(false);
        Await.until("it is told so", () -> recorder.told.contains("lost " + token + " UNHEALTHY"));
        assertFalse(leader.isLeader());
        healthy.set(true);
        Await.until("it leads again", leader::isLeader);
        assertTrue(leader.fencingToken().orElseThrow() > token);
        assertEquals(OptionalLong.of(1), leader.term());
    }

    @Test
    void whoever_waits_is_told_when_it_leads() throws Exception {
        world.anotherLeads("there");
        ClusterLeader follower = join(world.election);
        assertFalse(follower.await(Duration.ZERO));
        FutureTask<Boolean> waiting = new FutureTask<>(() -> follower.await(Await.BOUND));
        new Thread(waiting, "waiting").start();
        world.letLead();
        assertTrue(waiting.get(Await.BOUND.toSeconds(), TimeUnit.SECONDS));
    }
}
