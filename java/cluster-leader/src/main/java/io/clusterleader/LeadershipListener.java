package io.clusterleader;

import java.util.Optional;

/**
 * Is told when leadership comes and goes.
 *
 * <p>For each term of ours there is exactly one {@link #onAcquired} and then exactly one {@link
 * #onLost} with the same token, in this order. All listeners of all elections run on one daemon
 * thread named {@code cluster-leader-listener}: hand longer work to a thread of your own. A slow
 * listener delays other listeners, and nothing else: neither the election, nor its heartbeat, nor any
 * answer. An exception thrown by a listener is logged, and the next one is told.
 *
 * <p>A listener hears of a change after it happened. Guard work by {@link ClusterLeader#isLeader()},
 * not by what a listener remembers.
 */
public interface LeadershipListener {
    /**
     * This process leads since a moment ago. Also called once for a listener that is added while this
     * process leads.
     *
     * @param token the fencing token of the term: larger than that of every earlier term
     * @param term the number of the term, {@code leaseTransitions} of the Lease
     */
    default void onAcquired(long token, long term) {}

    /**
     * This process no longer leads the term with this token.
     *
     * @param token the token given to {@link #onAcquired}
     * @param reason why the term ended
     */
    default void onLost(long token, LostReason reason) {}

    /**
     * The record names another leader than this listener was told before, or none. Changes that follow
     * one another faster than listeners run may be told as one.
     *
     * @param leader the leader's shown name, ours or another's; empty if nobody leads
     */
    default void onLeaderChanged(Optional<String> leader) {}

    /** A listener that was added. */
    interface Registration extends AutoCloseable {
        /** Removes the listener: it is told nothing more, but for what is being told at this moment. */
        @Override
        void close();
    }
}
