package io.clusterleader;

import java.time.Duration;

/** The renewals of this process's terms in an election that the store acknowledged, for monitoring. Immutable. */
public final class Renewals {
    private final long count;
    private final Duration lastTook;
    private final Duration took;

    Renewals(long count, Duration lastTook, Duration took) {
        this.count = count;
        this.lastTook = lastTook;
        this.took = took;
    }

    /**
     * How many.
     *
     * @return the number, which never falls
     */
    public long count() {
        return count;
    }

    /**
     * From before the last one was sent until its acknowledgement was here.
     *
     * @return the time, zero if there was none
     */
    public Duration lastTook() {
        return lastTook;
    }

    /**
     * What all of them took together.
     *
     * @return the time, which never falls
     */
    public Duration took() {
        return took;
    }

    /**
     * One line for people.
     *
     * @return the line
     */
    @Override
    public String toString() {
        return count + " renewals, the last in " + lastTook + ", all in " + took;
    }
}
