package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What blocks for a bounded time is not interrupted, and leaves the interrupt to the caller. */
class InterruptsTest {
    @TempDir
    private Path directory;

    @Test
    void g11_an_interrupt_disturbs_no_call_and_stays() {
        Thread.currentThread().interrupt();
        ClusterLeader leader = join();
        assertTrue(Thread.interrupted(), "after join");
        Await.until("leads", leader::isLeader);
        Thread.currentThread().interrupt();
        assertTrue(leader.verify());
        assertTrue(Thread.interrupted(), "after verify");
        Thread.currentThread().interrupt();
        leader.stepDown();
        assertFalse(leader.isLeader());
        leader.close();
        assertTrue(Thread.interrupted(), "after close");
        assertEquals(Status.State.STOPPED, leader.status().state());
    }

    @Test
    void g11_a_close_that_waits_for_the_store_is_bounded_and_an_interrupt_stays() throws IOException {
        ClusterLeader leader = join();
        Await.until("leads", leader::isLeader);
        Process keeper;
        try {
            keeper = new ProcessBuilder("flock", "--no-fork", directory.toString(), "sh", "-c", "echo locked; exec sleep 60").start();
        } catch (IOException noFlock) {
            leader.close();
            Javas.skip("a store that is kept locked: " + noFlock.getMessage());
            return;
        }
        try {
            assertEquals("locked", keeper.inputReader().readLine());
            Thread.currentThread().interrupt();
            leader.close();
            assertTrue(Thread.interrupted());
            assertFalse(leader.isLeader());
            assertTrue(keeper.isAlive(), "the store was locked all the while");
        } finally {
            keeper.destroyForcibly();
        }
    }

    private ClusterLeader join() {
        return ClusterLeader.join(Election.named("billing-jobs")
                .store("file:" + directory)
                .leaseDuration(Duration.ofMinutes(10))
                .renewDeadline(Duration.ofMinutes(5)));
    }
}
