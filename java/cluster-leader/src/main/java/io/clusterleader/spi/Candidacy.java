package io.clusterleader.spi;

import org.jspecify.annotations.Nullable;

/**
 * A process's candidacy in one election: what a {@link io.clusterleader.ClusterLeader} asks.
 *
 * <p>For test kits. It may change in any version; programs use {@link io.clusterleader.ClusterLeader}, whose methods tell what
 * these mean. Everything may be called from any thread.
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
     * @throws io.clusterleader.ClusterLeaderException if it did not answer, or the candidacy was stopped
     */
    boolean verify();

    /**
     * A sign of life, where the election has a health check.
     *
     * @param healthy what the check answered
     */
    void beat(boolean healthy);

    /** It may stand from now on, where it {@linkplain Settings#waitUntilReady() waits} for that. */
    void ready();

    /** Hands over, if it leads. */
    void stepDown();

    /** Ends it. May be called again. */
    void stop();

    /**
     * The fields of {@link io.clusterleader.Status}, as texts. The first twelve are always there.
     *
     * <ol start="0">
     *   <li>the election's name
     *   <li>where it is held, for people
     *   <li>our shown name
     *   <li>our holder identity
     *   <li>a {@link io.clusterleader.Status.State} in lower case, but {@code stopped}
     *   <li>{@code true} if we lead
     *   <li>how many nanoseconds are left: {@code 0} if we do not lead
     *   <li>the shown name in the record, ours or another's; null if nobody holds it as far as we know
     *   <li>the holder identity in the record; null together with the name
     *   <li>the number of the record's term; null if there is no record as far as we know
     *   <li>the fencing token of our term; null if we do not lead
     *   <li>the last thing that went wrong; null if there is none
     *   <li>for how many nanoseconds something has been wrong: {@code 0} if nothing is
     *   <li>how many renewals were acknowledged
     *   <li>how many nanoseconds the last of them took
     *   <li>how many nanoseconds all of them took
     * </ol>
     *
     * @return the fields; null once stopped
     */
    @Nullable String @Nullable [] status();

    /**
     * What changed: {@link Changes} keeps and returns it, and says what the numbers mean. Still asked once after {@link
     * #stop()}, when listeners are told of the end; what they were told of no loss until then, they are told is {@link
     * io.clusterleader.LostReason#STOPPED lost}.
     *
     * @param after the number of the last change that is known already, zero if none is
     * @return quadruples (number, kind, token, detail) of the changes after that, oldest first
     */
    long[] changes(long after);

    /**
     * Its ledger.
     *
     * @return the ledger; null, which is the default, if it has none
     */
    default @Nullable CandidacyLedger ledger() {
        return null;
    }

    /**
     * From here on this candidacy stands, and the process's signs of life count. Called once, before all else.
     *
     * @param changed to be called after {@link #changes} or the answers have become others, from any thread, but not while a
     *     lock is held that {@link #isLeader()} takes; returns at once
     */
    void begin(Runnable changed);

    /** The opposite of {@link #begin}, after {@link #stop()}. */
    void end();
}
