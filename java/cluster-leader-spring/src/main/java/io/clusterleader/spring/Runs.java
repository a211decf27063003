package io.clusterleader.spring;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The leader-only work of an application that is under way. */
final class Runs {
    /** How often to look whether work that is waited for waits for the process to end. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Set<Run> underWay = ConcurrentHashMap.newKeySet();
    /** How many these are. The set itself, looked at while it changes, may seem to be empty when it never was. */
    private final AtomicInteger count = new AtomicInteger();
    private volatile boolean closed;

    /** Null once closed: then nothing begins any more, but what belongs to work that is under way. */
    @Nullable Run begin(LeaderOnlyJob job) {
        Run run = new Run(job, this);
        return admit(run) ? run : null;
    }

    /** Work that runs on every instance. It counts from when it is told that this one leads. */
    Run beginUncounted(LeaderOnlyJob job) {
        return new Run(job, this);
    }

    /** Answers what this thread does: a yes stays true until that has ended, as far as it depends on this application. */
    boolean isLeader(BooleanSupplier leads) {
        Run asking = Run.ofThisThread(this);
        if (asking == null) {
            return !closed && leads.getAsBoolean();
        }
        if (isWithinWhatIsUnderWay()) {
            return leads.getAsBoolean();
        }
        if (!admit(asking)) {
            return false;
        }
        boolean leading = leads.getAsBoolean();
        if (!leading) {
            remove(asking);
        }
        return leading;
    }

    private boolean admit(Run run) {
        // Counted first: whoever closes and then counts sees it, or it sees that it was closed.
        count.incrementAndGet();
        underWay.add(run);
        if (closed && !isWithinWhatIsUnderWay(run)) {
            remove(run);
            return false;
        }
        return true;
    }

    private boolean isWithinWhatIsUnderWay() {
        return isWithinWhatIsUnderWay(null);
    }

    private boolean isWithinWhatIsUnderWay(@Nullable Run besides) {
        for (Run run = Run.ofThisThread(); run != null; run = run.outer()) {
            if (run != besides && underWay.contains(run)) {
                return true;
            }
        }
        return false;
    }

    /** Whether it was counted until now. */
    boolean end(Run run) {
        run.isOver();
        return remove(run);
    }

    private boolean remove(Run run) {
        boolean counted = underWay.remove(run);
        if (counted) {
            count.decrementAndGet();
            if (closed) {
                wake();
            }
        }
        return counted;
    }

    private synchronized void wake() {
        notifyAll();
    }

    void close() {
        closed = true;
    }

    void reopen() {
        closed = false;
        wake();
    }

    boolean isClosed() {
        return closed;
    }

    Collection<Run> underWay() {
        return List.copyOf(underWay);
    }

    /** What this thread does waits for the application to end: it must not be waited for. */
    void thisThreadAwaitsEnd() {
        for (Run run = Run.ofThisThread(); run != null; run = run.outer()) {
            run.awaitsEnd();
        }
        wake();
    }

    /** Whether all has ended within that time, but what itself waits for the application or the process to end. */
    synchronized boolean awaitOthers(long nanos) throws InterruptedException {
        long until = System.nanoTime() + nanos;
        while (closed) {
            Collection<Run> left = underWay();
            if (count.get() == 0 || !left.isEmpty() && left.stream().allMatch(Run::isAwaitingEnd)) {
                return true;
            }
            long leftNanos = until - System.nanoTime();
            if (leftNanos <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, Math.min(leftNanos, LOOK_NANOS));
        }
        return false;
    }

    boolean isEmpty() {
        return count.get() == 0;
    }

    /** However long it takes. False if it was opened again meanwhile. */
    synchronized boolean awaitAll() throws InterruptedException {
        while (closed && !isEmpty()) {
            wait();
        }
        return closed;
    }
}
