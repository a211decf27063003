package io.clusterleader.spi;

import io.clusterleader.LostReason;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * What became of a candidacy: its newest 1,000 changes, as {@link Candidacy#changes} tells them. The oldest is number 1.
 *
 * <p>For each term {@link #acquired} comes once and then {@link #lost} once. Where the record's holder is another by then,
 * {@link #leaderChanged} comes before the one and after the other. Everything may be called from any thread.
 */
public final class Changes {
    /** Kind of a change: a term began. Its detail is the number of the term. */
    public static final long ACQUIRED = 1;
    /** Kind of a change: a term ended. Its detail is one more than the position of the {@link LostReason}. */
    public static final long LOST = 2;
    /** Kind of a change: the record has another holder, or none. Its token and detail are zero: the status tells who. */
    public static final long LEADER_CHANGED = 3;

    private static final int MOST = 1_000;

    private final Deque<long[]> newest = new ArrayDeque<>();

    /** None so far. */
    public Changes() {}

    /**
     * A term of ours began.
     *
     * @param token its fencing token: larger than that of every earlier term
     * @param term its number
     */
    public void acquired(long token, long term) {
        add(ACQUIRED, token, term);
    }

    /**
     * Our term ended.
     *
     * @param token its fencing token
     * @param reason why it ended
     */
    public void lost(long token, LostReason reason) {
        add(LOST, token, reason.ordinal() + 1L);
    }

    /** The record has another holder, ours or another's, or none. */
    public void leaderChanged() {
        add(LEADER_CHANGED, 0, 0);
    }

    private synchronized void add(long kind, long token, long detail) {
        long number = newest.isEmpty() ? 1 : newest.getLast()[0] + 1;
        newest.add(new long[] {number, kind, token, detail});
        if (newest.size() > MOST) {
            newest.remove();
        }
    }

    /**
     * The changes that {@link Candidacy#changes} is asked for.
     *
     * @param number the number of the last change that is known already, zero if none is
     * @return quadruples (number, kind, token, detail) of those after it that are still there, oldest first
     */
    public synchronized long[] after(long number) {
        return newest.stream().filter(change -> change[0] > number).flatMapToLong(Arrays::stream).toArray();
    }
}
