package io.clusterleader;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/** Has a task run soon after it rang, once for any number of rings before that. Ringing never blocks. */
final class Doorbell {
    private final AtomicBoolean rung = new AtomicBoolean();
    private final Executor thread;
    private final Runnable task;

    Doorbell(Executor thread, Runnable task) {
        this.thread = thread;
        this.task = task;
    }

    void ring() {
        if (!rung.compareAndSet(false, true)) {
            return;
        }
        try {
            thread.execute(this::answer);
        } catch (Error noThread) {
            rung.set(false); // The next ring tries again.
            throw noThread;
        }
    }

    private void answer() {
        rung.set(false);
        task.run();
    }
}
