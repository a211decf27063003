package io.clusterleader.spring;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The leader-only work of an application that is under way. */
final class Runs {
    private final Set<Run> underWay = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;
    private volatile @Nullable Thread waiting;

    /** Null once closed: then nothing begins any more, but what belongs to work that is under way. */
    @Nullable Run begin(LeaderOnlyJob job) {
        Run run = new Run(job);
        // Counted first: whoever closes and then counts sees it, or it sees that it was closed.
        underWay.add(run);
        if (closed && Run.ofThisThread() == null) {
            end(run);
            return null;
        }
        return run;
    }

    /** Whether it had not ended before. */
    boolean end(Run run) {
        run.isOver();
        boolean ended = underWay.remove(run);
        Thread waiter = waiting;
        if (waiter != null && underWay.isEmpty()) {
            LockSupport.unpark(waiter);
        }
        return ended;
    }

    void close() {
        closed = true;
    }

    void reopen() {
        closed = false;
    }

    boolean isClosed() {
        return closed;
    }

    Collection<Run> underWay() {
        return List.copyOf(underWay);
    }

    /** Whether all has ended within that time. */
    boolean awaitEnd(long nanos) {
        long until = System.nanoTime() + nanos;
        waiting = Thread.currentThread();
        try {
            while (!underWay.isEmpty()) {
                long left = until - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                LockSupport.parkNanos(this, left);
            }
            return true;
        } finally {
            waiting = null;
        }
    }
}
