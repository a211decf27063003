package io.clusterleader;

import org.jspecify.annotations.Nullable;

/** This process's candidacy in one election: what {@link ClusterLeader} and its {@link Listeners} ask. */
interface Candidacy {
    boolean isLeader();

    /** Refuses what could never be true: an {@link IllegalArgumentException}. */
    boolean isLeaderFor(long nanos);

    long remainingNanos();

    boolean verify();

    /** A sign of life, where the election has a health check, and its answer. */
    void beat(boolean healthy);

    void ready();

    void stepDown();

    void stop();

    /** The fields of {@link Status}, in its order; null once stopped. */
    @Nullable String @Nullable [] status();

    /** Quadruples (number, kind, token, detail) of the changes after the one numbered {@code after}. */
    long[] changes(long after);

    /** From here on these listeners are told of changes, and the host's signs of life count. */
    void begin(Listeners listeners);

    /** The opposite of {@link #begin}; the listeners are told the end. */
    void end(Listeners listeners);
}
