package io.clusterleader.spring;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A run of a job that is under way. */
final class Run {
    private static final ThreadLocal<@Nullable Run> OF_THIS_THREAD = new ThreadLocal<>();

    final LeaderOnlyJob job;
    private final @Nullable Runs countedBy;
    private final String begunOn;
    /** None once it goes on without. */
    private @Nullable Thread thread;
    private Runnable interruption;
    private boolean over;
    private volatile boolean awaitsEnd;
    private volatile Runnable end = () -> {};
    private volatile Runnable cut = () -> {};
    private @Nullable Run outer;

    /** One that nobody counts. */
    Run(LeaderOnlyJob job) {
        this(job, null);
    }

    Run(LeaderOnlyJob job, @Nullable Runs countedBy) {
        Thread current = Thread.currentThread();
        this.job = job;
        this.countedBy = countedBy;
        begunOn = current.getName();
        thread = current;
        interruption = current::interrupt;
    }

    /** The innermost that this thread is doing, or null. */
    static @Nullable Run ofThisThread() {
        return OF_THIS_THREAD.get();
    }

    /** The innermost that this thread is doing and that these count or would, or null. */
    static @Nullable Run ofThisThread(Runs runs) {
        Run run = OF_THIS_THREAD.get();
        while (run != null && run.countedBy != runs) {
            run = run.outer;
        }
        return run;
    }

    /** What this one is a part of. Only its own thread asks. */
    @Nullable Run outer() {
        return outer;
    }

    /** Does something on this thread as a part of this run. */
    <T, E extends Throwable> T within(Work<T, E> work) throws E {
        outer = OF_THIS_THREAD.get();
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
        thread = null;
        interruption = interruptedBy;
    }

    /** Does nothing once it is over: its thread does something else by then. */
    synchronized void interrupt() {
        if (!over) {
            interruption.run();
        }
    }

    /** Whether it can only be cancelled. What it still does after that is nowhere to be seen. */
    synchronized boolean endsUnseen() {
        return thread == null;
    }

    /** It runs a tick: what notes that it has ended, and what that it will not. */
    void isOfTick(Runnable noteEnd, Runnable noteCut) {
        end = noteEnd;
        cut = noteCut;
    }

    /** Once. */
    synchronized void noteEnd() {
        Runnable note = end;
        end = () -> {};
        note.run();
    }

    /** The process may end before it does. */
    void noteCut() {
        cut.run();
    }

    synchronized void isOver() {
        over = true;
    }

    /** It stops the application, and waits for that. */
    void awaitsEnd() {
        awaitsEnd = true;
    }

    /** Whether it goes on only once the application has stopped; or not at all, as it has called {@link System#exit}. */
    boolean isAwaitingEnd() {
        return awaitsEnd || isInExit();
    }

    private synchronized boolean isInExit() {
        return thread != null && Arrays.stream(thread.getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals("java.lang.Runtime") && frame.getMethodName().equals("exit"));
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
