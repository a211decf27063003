package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static final Ledger.Entry RAN = Ledger.Entry.EMPTY
            .startedAgo(Duration.ofHours(2))
            .endedAgo(Duration.ofHours(1))
            .bytes(new byte[] {0, 1, -1});

    @TempDir
    private Path directory;

    private Election election;

    @BeforeEach
    void describe() {
        election = Election.named("billing-jobs").store("file:" + directory).instanceName("here");
    }

    @Test
    void g13_what_a_leader_notes_its_successor_reads() {
        Ledger ledger;
        try (ClusterLeader leader = ClusterLeader.join(election);
                ClusterLeader follower = ClusterLeader.join(election.instanceName("there").waitUntilReady(true))) {
            Await.until("leads", leader::isLeader);
            ledger = leader.ledger();
            assertTrue(ledger.isAvailable());
            assertEquals(Ledger.State.EMPTY, ledger.state());
            assertEquals(Collections.emptyMap(), ledger.entries());
            assertFalse(ledger.isHandedOver());
            assertTrue(ledger.flush(PATIENCE), "nothing to write is written");

            assertTrue(ledger.put("flushed", RAN));
            assertTrue(ledger.flush(PATIENCE));
            assertTrue(ledger.put("gone", Ledger.Entry.EMPTY));
            assertTrue(ledger.remove("gone"));
            assertFalse(ledger.remove("gone"));
            assertTrue(ledger.put("noted", RAN.bytes(new byte[0])));
            assertEquals(Optional.empty(), follower.ledger().get("flushed"), "it does not stand yet");
            follower.ready();
            Await.until("sees it", () -> follower.ledger().get("flushed").isPresent());
            assertFalse(follower.ledger().put("mine", RAN));
            assertFalse(follower.ledger().remove("flushed"));
            assertFalse(follower.ledger().flush(PATIENCE));

            leader.stepDown();
            Await.until("leads", follower::isLeader);
            assertEquals(Ledger.State.KNOWN, follower.ledger().state());
            Ledger.Entry entry = follower.ledger().get("flushed").get();
            Duration age = entry.startedAgo().get();
            assertTrue(age.compareTo(Duration.ofHours(2)) >= 0 && age.compareTo(Duration.ofHours(3)) < 0, "" + age);
            assertTrue(entry.endedAgo().get().compareTo(Duration.ofHours(1)) >= 0);
            assertArrayEquals(new byte[] {0, 1, -1}, entry.bytes());
            assertTrue(follower.ledger().get("noted").isPresent(), "it came along with the release");
            assertTrue(follower.ledger().isHandedOver(), "whoever stepped down goes on");
            assertEquals(2, follower.ledger().entries().size());
            String json = follower.ledger().toJson();
            assertTrue(json.contains("\"state\":\"known\"") && json.contains("\"noted\""), json);

            assertFalse(ledger.put("late", RAN));
            assertFalse(ledger.flush(PATIENCE));
        }
        assertEquals(Optional.empty(), ledger.get("flushed"), "it is closed");
        assertFalse(ledger.put("late", RAN));
    }

    @Test
    void g13_what_is_too_large_is_refused() {
        try (ClusterLeader leader = ClusterLeader.join(election)) {
            Await.until("leads", leader::isLeader);
            Ledger.Entry large = RAN.bytes(new byte[Ledger.Entry.MOST_BYTES]);
            Ledger.Entry larger = RAN.bytes(new byte[Ledger.Entry.MOST_BYTES + 1]);
            String refusal = assertThrows(ClusterLeaderException.class, () -> leader.ledger().put("job", larger))
                    .getMessage();
            assertTrue(refusal.contains("64 bytes at most, not 65"), refusal);
            String full = assertThrows(ClusterLeaderException.class, () -> {
                        for (int job = 0; job < 10_000; job++) {
                            leader.ledger().put("job-" + job, large);
                        }
                    })
                    .getMessage();
            assertTrue(full.contains("65536 are the most") && full.contains("the largest are \"job-"), full);
            assertTrue(leader.ledger().flush(PATIENCE));
        }
    }

    @Test
    void an_entry_tells_what_it_says() {
        assertEquals("started PT2H ago, ended PT1H ago, 3 bytes", RAN.toString());
        assertEquals("started never, ended never, 0 bytes", Ledger.Entry.EMPTY.toString());
        assertEquals(Optional.of(Duration.ZERO), RAN.startedAgo(Duration.ofSeconds(-1)).startedAgo());
    }

    @Test
    void without_the_native_library_there_is_none_and_the_error_says_so() {
        Ledger none = new Ledger(null);
        assertFalse(none.isAvailable());
        String message = assertThrows(UnsupportedOperationException.class, () -> none.put("job", RAN)).getMessage();
        assertTrue(message.contains("has no ledger") && message.contains("isAvailable"), message);
    }
}
