package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterLeaderTest {
    private static final Duration RENEW_DEADLINE = Duration.ofMinutes(5);

    @TempDir
    private Path directory;

    private Election election;

    @BeforeEach
    void describe() {
        election = Election.named("billing-jobs")
                .store("file:" + directory)
                .instanceName("here")
                .leaseDuration(Duration.ofMinutes(10))
                .renewDeadline(RENEW_DEADLINE);
    }

    @Test
    void g8_the_only_candidate_leads() {
        try (ClusterLeader leader = ClusterLeader.join(election)) {
            Await.until("leads", leader::isLeader);
        }
    }

    @Test
    void what_a_leader_is_answered() {
        try (ClusterLeader leader = ClusterLeader.join(election)) {
            Await.until("leads", leader::isLeader);
            assertTrue(leader.isLeaderFor(Duration.ofMinutes(1)));
            assertTrue(leader.isLeaderFor(Duration.ZERO));
            assertTrue(leader.isLeaderFor(Duration.ofSeconds(Long.MIN_VALUE)));
            assertTrue(leader.remaining().compareTo(Duration.ofMinutes(1)) > 0, () -> "" + leader.remaining());
            assertTrue(leader.remaining().compareTo(RENEW_DEADLINE) < 0, () -> "" + leader.remaining());
            assertTrue(leader.verify());
            assertEquals(Optional.of("here"), leader.leader());
            assertEquals(OptionalLong.of(0), leader.term());
            assertTrue(leader.fencingToken().isPresent());
            Status status = leader.status();
            assertEquals("billing-jobs", status.election());
            assertTrue(status.place().contains(directory.toString()), status.place());
            assertEquals("here", status.instanceName());
            assertTrue(status.identity().startsWith("here_"), status.identity());
            assertEquals(Status.State.LEADING, status.state());
            assertTrue(status.isLeading());
            assertEquals(Optional.of("here"), status.leader());
            assertEquals(Optional.of(status.identity()), status.leaderIdentity());
            assertEquals(leader.term(), status.term());
            assertEquals(leader.fencingToken(), status.fencingToken());
            assertEquals(Optional.empty(), status.lastProblem());
            assertEquals("here is leading in " + status.place() + ", led by here", status.toString());
        }
    }

    @Test
    void renewals_are_counted_and_timed() {
        Election quick = election.leaseDuration(Duration.ofSeconds(3)).renewDeadline(Duration.ofSeconds(2)).retryPeriod(Duration.ofMillis(200));
        try (ClusterLeader leader = ClusterLeader.join(quick)) {
            Await.until("has renewed", () -> leader.status().renewals().count() > 1);
            Status status = leader.status();
            Renewals renewals = status.renewals();
            assertTrue(renewals.lastTook().compareTo(Duration.ZERO) > 0, renewals::toString);
            assertTrue(renewals.took().compareTo(renewals.lastTook()) > 0, renewals::toString);
            assertEquals(Duration.ZERO, status.problemDuration());
        }
    }

    @Test
    void what_a_follower_is_answered() {
        try (ClusterLeader leader = ClusterLeader.join(election)) {
            Await.until("leads", leader::isLeader);
            try (ClusterLeader follower = ClusterLeader.join(election.instanceName("there"))) {
                Await.until("knows who leads", () -> follower.leader().isPresent());
                assertFalse(follower.isLeader());
                assertFalse(follower.isLeaderFor(Duration.ZERO));
                assertEquals(Duration.ZERO, follower.remaining());
                assertFalse(follower.verify());
                assertEquals(Optional.of("here"), follower.leader());
                assertEquals(leader.term(), follower.term());
                assertEquals(OptionalLong.empty(), follower.fencingToken());
                assertEquals(Status.State.FOLLOWING, follower.status().state());
            }
        }
    }

    @Test
    void g1_a_duration_that_could_never_be_left_is_refused() {
        try (ClusterLeader leader = ClusterLeader.join(election)) {
            assertThrows(IllegalArgumentException.class, () -> leader.isLeaderFor(RENEW_DEADLINE));
            assertThrows(IllegalArgumentException.class, () -> leader.isLeaderFor(Duration.ofSeconds(Long.MAX_VALUE)));
            assertFalse(leader.isLeaderFor(RENEW_DEADLINE.minusNanos(1)));
        }
    }

    @Test
    void g6_the_token_grows_and_so_does_the_term() {
        try (ClusterLeader first = ClusterLeader.join(election); ClusterLeader second = ClusterLeader.join(election)) {
            ClusterLeader leader = first;
            ClusterLeader follower = second;
            Await.until("one leads", () -> first.isLeader() || second.isLeader());
            if (second.isLeader()) {
                leader = second;
                follower = first;
            }
            long token = leader.fencingToken().orElseThrow();
            for (int term = 1; term <= 4; term++) {
                leader.stepDown();
                ClusterLeader next = follower;
                Await.until("the other leads", next::isLeader);
                ClusterLeader last = leader;
                Await.until("the last one knows", () -> last.status().leaderIdentity().equals(Optional.of(next.status().identity())));
                follower = leader;
                leader = next;
                assertTrue(leader.fencingToken().orElseThrow() > token);
                assertEquals(OptionalLong.of(term), leader.term());
                token = leader.fencingToken().orElseThrow();
            }
        }
    }

    @Test
    void who_waits_until_it_is_ready_leads_once_it_is() {
        try (ClusterLeader waiting = ClusterLeader.join(election.waitUntilReady(true))) {
            try (ClusterLeader other = ClusterLeader.join(election)) {
                Await.until("the other leads", other::isLeader);
            }
            assertEquals(Status.State.STARTING, waiting.status().state());
            assertFalse(waiting.isLeader());
            waiting.ready();
            Await.until("it leads", waiting::isLeader);
            waiting.ready();
            assertTrue(waiting.isLeader());
        }
    }

    @Test
    void g7_a_closed_election_answers_no_to_everything() {
        ClusterLeader leader = ClusterLeader.join(election);
        Await.until("leads", leader::isLeader);
        leader.close();
        leader.close();
        assertFalse(leader.isLeader());
        assertFalse(leader.isLeaderFor(Duration.ZERO));
        assertEquals(Duration.ZERO, leader.remaining());
        assertEquals(OptionalLong.empty(), leader.fencingToken());
        assertEquals(Status.State.STOPPED, leader.status().state());
        assertFalse(leader.status().isLeading());
        assertThrows(ClusterLeaderException.class, leader::verify);
        leader.stepDown();
        try (ClusterLeader next = ClusterLeader.join(election)) {
            Await.until("the next one leads", next::isLeader);
        }
    }
}
