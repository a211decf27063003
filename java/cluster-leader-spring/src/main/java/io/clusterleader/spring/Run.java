package io.clusterleader.spring;

import org.jspecify.annotations.Nullable;

/** A run of a job that is under way. */
final class Run {
    private static final ThreadLocal<@Nullable Run> OF_THIS_THREAD = new ThreadLocal<>();

    final LeaderOnlyJob job;
    private final String begunOn = Thread.currentThread().getName();
    private Runnable interruption;
    private boolean over;

    Run(LeaderOnlyJob job) {
        this.job = job;
        interruption = Thread.currentThread()::interrupt;
    }

    /** The innermost that this thread is doing, or null. */
    static @Nullable Run ofThisThread() {
        return OF_THIS_THREAD.get();
    }

    /** Does something on this thread as a part of this run. */
    <T, E extends Throwable> T within(Work<T, E> work) throws E {
        Run outer = OF_THIS_THREAD.get();
        OF_THIS_THREAD.set(this);
        try {
            return work.run();
        } finally {
            if (outer == null) {
                OF_THIS_THREAD.remove();
            } else {
                OF_THIS_THREAD.set(outer);
            }
        }
    }

    /** It goes on without the thread that began it: what interrupts it from now on. */
    synchronized void goesOn(Runnable interruptedBy) {
        interruption = interruptedBy;
    }

    /** Does nothing once it is over: its thread does something else by then. */
    synchronized void interrupt() {
        if (!over) {
            interruption.run();
        }
    }

    synchronized void isOver() {
        over = true;
    }

    @Override
    public String toString() {
        return job + " (begun on " + begunOn + ")";
    }

    /** Something to do. */
    interface Work<T, E extends Throwable> {
        T run() throws E;
    }
}
