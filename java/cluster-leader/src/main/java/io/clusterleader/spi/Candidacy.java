package io.clusterleader.spi;

import org.jspecify.annotations.Nullable;

/**
 * A process's candidacy in one election: what a {@link io.clusterleader.ClusterLeader} asks.
 *
 * <p>For test kits. It may change in any version; programs use {@link io.clusterleader.ClusterLeader}, whose methods tell what
 * these mean.
 */
public interface Candidacy {
    /**
     * Whether it leads.
     *
     * @return true if it leads; false once stopped
     */
    boolean isLeader();

    /**
     * Whether it leads for that much longer, as far as that depends on time.
     *
     * @param nanos how long
     * @return true if at least that much is left
     * @throws IllegalArgumentException if that could never be true
     */
    boolean isLeaderFor(long nanos);

    /**
     * How long it leads at least.
     *
     * @return the time left in nanoseconds, zero if it does not lead
     */
    long remainingNanos();

    /**
     * Asks the store.
     *
     * @return whether it says that this candidacy leads
     */
    boolean verify();

    /**
     * A sign of life, where the election has a health check.
     *
     * @param healthy what the check answered
     */
    void beat(boolean healthy);

    /** It may stand from now on. */
    void ready();

    /** Hands over. */
    void stepDown();

    /** Ends it. */
    void stop();

    /**
     * The fields of {@link io.clusterleader.Status}, in its order.
     *
     * @return the fields; null once stopped
     */
    @Nullable String @Nullable [] status();

    /**
     * What changed.
     *
     * @param after the number of the last change that is known already
     * @return quadruples (number, kind, token, detail) of the changes after that
     */
    long[] changes(long after);

    /**
     * From here on this candidacy stands, and the process's signs of life count.
     *
     * @param changed to be called whenever {@link #changes} or the answers may be others; returns at once
     */
    void begin(Runnable changed);

    /** The opposite of {@link #begin}. */
    void end();
}
