package io.clusterleader.spring;

/**
 * What a scheduled job is promised where its leader crashes, or loses its lease while it runs. Without either, each tick
 * runs once in all of these. What leaders leave to each other about it stands in the election's {@link
 * io.clusterleader.Ledger}.
 */
public enum Delivery {
    /**
     * No tick is missed. That a run has ended is written as soon as it has, at most half a second later. A run that was cut
     * short, or whose end was not yet written, is repeated by the next leader. Costs two requests a second at most, whatever
     * the number of jobs.
     */
    AT_LEAST_ONCE,
    /**
     * No tick is run twice. That a run begins is written, and acknowledged, before it does: each run begins later by that
     * request, by half a second more where others have just been written. A run that was cut short is not repeated.
     */
    AT_MOST_ONCE,
    /**
     * Without a request more: what has run is written when the lease is renewed, and when leadership is given back. After a
     * crash, what ran since the last renewal (half a renew deadline) may be repeated.
     */
    RELAXED
}
