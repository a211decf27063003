package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayDeque;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class DoorbellTest {
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private int answered;

    @Test
    void is_answered_once_for_all_rings_before_and_again_for_one_while_it_is_answered() {
        Doorbell[] bell = new Doorbell[1];
        bell[0] = new Doorbell(waiting::add, () -> {
            if (++answered == 1) {
                bell[0].ring();
            }
        });
        bell[0].ring();
        bell[0].ring();
        assertEquals(1, waiting.size());
        waiting.remove().run();
        assertEquals(1, waiting.size());
        waiting.remove().run();
        assertEquals(0, waiting.size());
        assertEquals(2, answered);
    }

    @Test
    void rings_again_when_there_was_no_thread_to_answer() {
        boolean[] full = {true};
        Doorbell bell = new Doorbell(
                task -> {
                    if (full[0]) {
                        throw new OutOfMemoryError("unable to create native thread");
                    }
                    task.run();
                },
                () -> answered++);
        assertThrows(OutOfMemoryError.class, bell::ring);
        full[0] = false;
        bell.ring();
        assertEquals(1, answered);
    }
}
