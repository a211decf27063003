package io.clusterleader;

import org.jspecify.annotations.Nullable;

/**
 * The native library's functions, one to one. Call {@link NativeLibrary#load()} before any of them.
 *
 * <p>A handle is a number that is never reused: the functions know a stale one and refuse it.
 */
final class Native {
    private Native() {}

    /** The version of these signatures that the library was built for. */
    static native int abiVersion();

    /** The library's own version. */
    static native String version();

    /** Starts an election; {@code settings} are triples of key, value and where the value came from. */
    static native long start(String[] settings);

    /** As {@link #start}, for the election of the process: only the first call starts one. */
    static native long startDefault(String[] settings);

    static native boolean isLeader(long handle);

    static native boolean isLeaderFor(long handle, long nanos);

    static native long remainingNanos(long handle);

    static native boolean verify(long handle);

    /** The sign of life of an election that was started with a health check, and its answer. */
    static native void beat(long handle, boolean healthy);

    static native void ready(long handle);

    static native void stepDown(long handle);

    static native void stop(long handle);

    /** As {@link io.clusterleader.spi.Candidacy#status}; null for a stale handle. */
    static native @Nullable String @Nullable [] status(long handle);

    /** As {@link io.clusterleader.spi.Candidacy#changes}; none for a stale handle. */
    static native long[] changes(long handle, long after);

    /**
     * Waits until anything changed in any election or a log line is there, and returns a counter that
     * tells one from the next. Calling it says that this JVM is alive.
     */
    static native long await(long seen, long timeoutMillis);

    /** The texts of {@link io.clusterleader.spi.CandidacyLedger#get}; none for a stale handle. */
    static native String[] ledgerGet(long handle, String name);

    static native String[] ledgerEntries(long handle);

    static native String ledgerState(long handle);

    static native boolean ledgerIsHandedOver(long handle);

    static native String ledgerJson(long handle);

    static native boolean ledgerPut(long handle, String name, long started, long ended, byte[] bytes);

    static native boolean ledgerRemove(long handle, String name);

    static native boolean ledgerFlush(long handle, long nanos);

    /** Which log lines are wanted from here on: this level's and more severe ones. */
    static native void setLogLevel(String level);

    /** The next log line, {@code LEVEL\tmessage}, or null. */
    static native @Nullable String takeLog();
}
