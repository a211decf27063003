package io.clusterleader.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.clusterleader.ClusterLeader;
import io.clusterleader.ClusterLeaderException;
import io.clusterleader.Election;
import io.clusterleader.LeadershipListener;
import io.clusterleader.LostReason;
import io.clusterleader.Status;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@ControlledElections
class ControlledElectionTest {
    private final ControlledElection election;
    private final Recorder recorder = new Recorder();
    private ClusterLeader leader;

    ControlledElectionTest(ControlledElection election) {
        this.election = election;
    }

    @BeforeEach
    void join() {
        leader = ClusterLeader.join(Election.named("billing-jobs").instanceName("here"));
        leader.addListener(recorder);
    }

    @AfterEach
    void close() {
        leader.close();
    }

    @Test
    void a_term_after_the_other() {
        assertFalse(leader.isLeader());
        assertFalse(election.isLeading());
        long token = 0;
        for (int term = 0; term < 3; term++) {
            recorder.told.clear();
            election.becomeLeader().becomeLeader().awaitListeners();
            assertTrue(leader.isLeader());
            assertTrue(election.isLeading());
            assertTrue(leader.fencingToken().orElseThrow() > token);
            token = leader.fencingToken().orElseThrow();
            assertEquals(OptionalLong.of(token), election.fencingToken());
            assertEquals(OptionalLong.of(term), election.term());
            election.loseLeadership(LostReason.COORDINATED).loseLeadership().awaitListeners();
            assertFalse(leader.isLeader());
            assertEquals(OptionalLong.empty(), election.fencingToken());
            assertEquals(Optional.of(LostReason.COORDINATED), election.lastLost());
            assertEquals(
                    List.of("acquired " + token + " term " + term, "lost " + token + " COORDINATED"),
                    recorder.told.stream().filter(line -> !line.startsWith("leader")).toList());
        }
    }

    @ParameterizedTest
    @EnumSource(LostReason.class)
    void each_reason_is_told(LostReason reason) {
        long token = election.becomeLeader().fencingToken().orElseThrow();
        election.loseLeadership(reason).awaitListeners();
        assertTrue(recorder.told.contains("lost " + token + " " + reason), recorder.told::toString);
        assertEquals(Optional.of(reason), election.lastLost());
        assertFalse(leader.isLeader());
        election.becomeLeader();
        assertTrue(leader.fencingToken().orElseThrow() > token);
    }

    @ParameterizedTest
    @CsvSource({"EXPIRED, here, 0", "STEPPED_DOWN, , 0", "SUPERSEDED, another, 1", "DELETED, , "})
    void the_record_is_left_as_the_reason_leaves_it(LostReason reason, String leaderThen, Long termThen) {
        election.becomeLeader().loseLeadership(reason);
        assertEquals(Optional.ofNullable(leaderThen), leader.leader());
        assertEquals(termThen == null ? OptionalLong.empty() : OptionalLong.of(termThen), leader.term());
    }

    @Test
    void another_leads_and_then_nobody() {
        long token = election.becomeLeader().awaitListeners().fencingToken().orElseThrow();
        election.leaderIs("other-pod").awaitListeners().leaderIs("other-pod").leaderIs("third-pod").awaitListeners();
        assertFalse(leader.isLeader());
        assertEquals(Optional.of("third-pod"), leader.leader());
        assertEquals(OptionalLong.of(2), leader.term());
        election.nobodyLeads().awaitListeners();
        assertEquals(Optional.empty(), leader.leader());
        assertEquals(
                List.of("leader here", "acquired " + token + " term 0", "lost " + token + " SUPERSEDED", "leader other-pod",
                        "leader third-pod", "leader nobody"),
                recorder.told);
        assertThrows(IllegalArgumentException.class, () -> election.leaderIs(""));
    }

    @Test
    void time_stands_still_where_it_was_put() {
        election.setRemaining(Duration.ofSeconds(4)).becomeLeader();
        assertEquals(Duration.ofSeconds(4), leader.remaining());
        assertEquals(Duration.ofSeconds(4), leader.status().remaining());
        assertTrue(leader.isLeaderFor(Duration.ofSeconds(4)));
        assertFalse(leader.isLeaderFor(Duration.ofSeconds(4).plusNanos(1)));
        election.setRemaining(Duration.ofHours(1));
        assertEquals(Duration.ofMillis(9_999), leader.remaining());
        assertTrue(leader.isLeaderFor(Duration.ofMillis(9_999)));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1})
    void a_term_that_has_run_out_is_said_otherwise(long nanos) {
        assertThrows(IllegalArgumentException.class, () -> election.setRemaining(Duration.ofNanos(nanos)));
    }

    @Test
    void the_store_says_what_it_is_told_to_say() {
        assertFalse(leader.verify());
        election.becomeLeader();
        assertTrue(leader.verify());
        assertFalse(election.setVerified(false).isLeading() && leader.verify());
        election.failVerify("the API server does not answer");
        assertEquals("the API server does not answer", assertThrows(ClusterLeaderException.class, leader::verify).getMessage());
        election.setVerified(true);
        assertTrue(leader.verify());
        election.setProblem("403 Forbidden");
        assertEquals(Optional.of("403 Forbidden"), leader.status().lastProblem());
        assertEquals(Duration.ZERO, leader.status().problemDuration());
        election.setProblem("403 Forbidden", Duration.ofMinutes(2));
        assertEquals(Duration.ofMinutes(2), leader.status().problemDuration());
        election.setProblem(null);
        assertEquals(Duration.ZERO, leader.status().problemDuration());
        assertEquals(Optional.empty(), leader.status().lastProblem());
    }

    @Test
    void who_has_given_it_back_is_seen() {
        assertEquals(Optional.empty(), election.lastLost());
        assertEquals(List.of("here"), election.candidates());
        election.becomeLeader();
        leader.stepDown();
        assertEquals(Optional.of(LostReason.STEPPED_DOWN), election.lastLost());
        assertFalse(election.isLeading());
        election.becomeLeader();
        assertTrue(leader.isLeader());
        leader.close();
        assertEquals(Optional.of(LostReason.STOPPED), election.lastLost());
        assertEquals(List.of(), election.candidates());
        try (ClusterLeader next = ClusterLeader.join("billing-jobs")) {
            assertFalse(next.isLeader());
            election.becomeLeader();
            assertTrue(next.isLeader());
            assertFalse(leader.isLeader());
        }
    }

    @Test
    void who_joins_a_leading_instance_leads_the_same_term() {
        election.becomeLeader();
        try (ClusterLeader later = ClusterLeader.join(Election.named("billing-jobs").instanceName("there"))) {
            assertTrue(later.isLeader());
            assertEquals(leader.fencingToken(), later.fencingToken());
            assertEquals(List.of("here", "there"), election.candidates());
            Recorder sibling = new Recorder();
            later.addListener(sibling);
            long token = election.awaitListeners().fencingToken().orElseThrow();
            leader.stepDown();
            election.awaitListeners();
            assertFalse(later.isLeader());
            assertTrue(recorder.told.contains("lost " + token + " STEPPED_DOWN"), recorder.told::toString);
            assertTrue(sibling.told.contains("lost " + token + " BLANKED"), sibling.told::toString);
        }
    }

    @Test
    void what_becomes_ready_after_the_word_leads_then() {
        try (ClusterLeader waiting = ClusterLeader.join(Election.named("slow").waitUntilReady(true))) {
            leader.close();
            election.becomeLeader();
            assertFalse(election.isLeading());
            waiting.ready();
            assertTrue(election.isLeading());
            assertTrue(waiting.isLeader());
        }
        try (ClusterLeader waiting = ClusterLeader.join(Election.named("slow").waitUntilReady(true))) {
            election.becomeLeader().loseLeadership();
            waiting.ready();
            assertFalse(waiting.isLeader());
        }
    }

    @Test
    void elections_that_are_named_go_their_own_way(ElectionControl control, @ElectionNamed("reports") ControlledElection reports) {
        try (ClusterLeader other = ClusterLeader.join("reports")) {
            election.becomeLeader();
            assertTrue(leader.isLeader());
            assertFalse(other.isLeader());
            reports.becomeLeader();
            election.loseLeadership();
            assertFalse(leader.isLeader());
            assertTrue(other.isLeader());
            assertEquals(reports, control.election("reports"));
        }
    }

    @Test
    void an_election_that_is_named_later_goes_on_as_it_stands(ElectionControl control) {
        election.becomeLeader().awaitListeners();
        OptionalLong token = leader.fencingToken();
        ControlledElection named = control.election("billing-jobs");
        assertEquals(token, leader.fencingToken());
        assertTrue(named.isLeading());
        assertFalse(election.isLeading());
        election.becomeLeader().loseLeadership();
        assertEquals(token, leader.fencingToken());
        assertEquals(List.of("leader here", "acquired " + token.getAsLong() + " term 0"), recorder.told);
    }

    @Test
    void listeners_are_waited_for_with_what_they_bring_about() {
        CountDownLatch entered = new CountDownLatch(1);
        leader.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                entered.countDown();
                leader.stepDown();
            }
        });
        election.becomeLeader().awaitListeners();
        assertEquals(0, entered.getCount());
        assertEquals(4, recorder.told.size(), recorder.told::toString);
        assertTrue(recorder.told.get(2).endsWith(" STEPPED_DOWN"), recorder.told::toString);
        assertEquals("leader nobody", recorder.told.get(3));
    }

    @Test
    void a_change_is_told_to_code_that_is_asked_by_many_threads() throws InterruptedException {
        Thread[] threads = new Thread[4];
        AtomicReference<Throwable> failure = new AtomicReference<>();
        for (int at = 0; at < threads.length; at++) {
            threads[at] = new Thread(() -> {
                for (int round = 0; round < 50; round++) {
                    election.becomeLeader();
                    try (ClusterLeader joined = ClusterLeader.join("billing-jobs")) {
                        joined.isLeader();
                        joined.status();
                        joined.stepDown();
                    }
                    election.loseLeadership();
                }
            });
            threads[at].setUncaughtExceptionHandler((thread, thrown) -> failure.set(thrown));
            threads[at].start();
        }
        for (Thread thread : threads) {
            thread.join(Await.BOUND.toMillis());
            assertFalse(thread.isAlive());
        }
        assertEquals(null, failure.get());
        election.awaitListeners();
        String last = "";
        for (String line : recorder.told) {
            if (!line.startsWith("leader")) {
                String token = line.split(" ")[1];
                assertTrue(line.startsWith("acquired") ? last.isEmpty() : last.equals(token), line + " after " + last);
                last = line.startsWith("acquired") ? token : "";
            }
        }
    }

    @Test
    void a_setting_that_cannot_be_used_is_refused() {
        assertThrows(ClusterLeaderException.class, () -> ClusterLeader.join("Not A Name"));
        assertEquals(Status.State.FOLLOWING, leader.status().state());
    }

    @Test
    void it_tells_people_how_it_stands() {
        assertEquals("ControlledElection[all that no test names: nobody leads, candidates [here]]", election.toString());
        assertTrue(election.leaderIs("other").toString().contains("other leads"));
        assertTrue(election.becomeLeader().toString().contains("this instance leads,"));
        assertEquals("here is leading in a test's election billing-jobs, led by here", leader.status().toString());
    }
}
