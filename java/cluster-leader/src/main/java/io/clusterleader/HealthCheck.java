package io.clusterleader;

import io.clusterleader.spi.Candidacy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;

/**
 * Asks a program's health check again and again, on a thread of its own, and passes each answer on as a sign
 * of life. While the check hangs there is none, and the election's heartbeat runs out.
 */
final class HealthCheck {
    private static final long EVERY_MILLIS = 1_000;

    private final BooleanSupplier check;
    private final Candidacy candidacy;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread thread = DaemonThread.named("cluster-leader-health", this::ask);
    /** Only the thread touches it. */
    private boolean threwBefore;

    private HealthCheck(BooleanSupplier check, Candidacy candidacy) {
        this.check = check;
        this.candidacy = candidacy;
    }

    static HealthCheck begin(BooleanSupplier check, Candidacy candidacy) {
        HealthCheck begun = new HealthCheck(check, candidacy);
        begun.thread.start();
        return begun;
    }

    /** Asks no more. Returns at once: a check that hangs is interrupted, and not waited for. */
    void end() {
        ended.countDown();
        thread.interrupt();
    }

    private void ask() {
        do {
            boolean healthy = isHealthy();
            try {
                candidacy.beat(healthy);
            } catch (Throwable failure) { // An OutOfMemoryError too: it passes.
                NativeLog.log(Level.SEVERE, "The answer of a health check was not passed on: the next one is.", failure);
            }
        } while (!endsSoon());
    }

    private boolean isHealthy() {
        try {
            boolean healthy = check.getAsBoolean();
            threwBefore = false;
            return healthy;
        } catch (Throwable failure) { // An assertion's too.
            if (!threwBefore && ended.getCount() > 0) {
                NativeLog.log(Level.WARNING, "A health check failed, which counts as a no: " + check.getClass().getName(), failure);
            }
            threwBefore = true;
            return false;
        }
    }

    private boolean endsSoon() {
        Thread.interrupted(); // What the check left behind.
        try {
            return ended.await(EVERY_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            return ended.getCount() == 0;
        }
    }
}
