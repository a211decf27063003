package io.clusterleader.spring;

import org.jspecify.annotations.Nullable;

/** Leader-only work that is under way: what, in which election, and on which thread. */
final class Run {
    private static final ThreadLocal<@Nullable Run> OF_THIS_THREAD = new ThreadLocal<>();

    final String what;
    final String election;
    final Thread thread = Thread.currentThread();
    private final @Nullable Run outer = OF_THIS_THREAD.get();

    Run(String what, String election) {
        this.what = what;
        this.election = election;
    }

    /** The innermost that this thread is doing, or null. */
    static @Nullable Run ofThisThread() {
        return OF_THIS_THREAD.get();
    }

    void enterThread() {
        OF_THIS_THREAD.set(this);
    }

    void leaveThread() {
        if (outer == null) {
            OF_THIS_THREAD.remove();
        } else {
            OF_THIS_THREAD.set(outer);
        }
    }
}
