package io.clusterleader;

import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;

/**
 * The thread on which this JVM gives its sign of life: it enters the native library every second, and
 * whenever anything changed.
 *
 * <p>It only passes on that there is something to tell. Listeners and log handlers run on threads of
 * their own, so that none of them can stop the heart. It ends when the last election is closed.
 */
final class Heartbeat {
    private static final long EVERY_MILLIS = 1_000;
    private static final Set<Runnable> ELECTIONS = new CopyOnWriteArraySet<>();
    private static boolean beating;

    private Heartbeat() {}

    static synchronized void begin(Runnable election) {
        if (!beating) {
            DaemonThread.named("cluster-leader-heartbeat", Heartbeat::beat).start();
            beating = true;
        }
        ELECTIONS.add(election);
    }

    static synchronized void end(Runnable election) {
        ELECTIONS.remove(election);
    }

    private static synchronized boolean isNeeded() {
        beating = !ELECTIONS.isEmpty();
        return beating;
    }

    private static void beat() {
        long seen = 0;
        while (isNeeded()) {
            try {
                NativeLog.tellLevel();
                seen = Native.await(seen, EVERY_MILLIS);
                NativeLog.forward();
                ELECTIONS.forEach(Runnable::run);
            } catch (Throwable failure) { // An OutOfMemoryError too: it passes, the elections remain.
                NativeLog.log(Level.SEVERE, "The heartbeat failed, and tries again.", failure);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(EVERY_MILLIS));
            }
        }
        NativeLog.forward();
    }
}
