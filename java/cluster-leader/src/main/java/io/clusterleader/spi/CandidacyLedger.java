package io.clusterleader.spi;

/**
 * The ledger of a candidacy: what a {@link io.clusterleader.Ledger} asks, whose methods tell what these mean.
 *
 * <p>For test kits. It may change in any version.
 */
public interface CandidacyLedger {
    /**
     * What is noted under a name.
     *
     * @param name the name
     * @return nothing, or (name, nanoseconds since it started, nanoseconds since it ended, bytes in hexadecimal);
     *     a time that is not known is empty
     */
    String[] get(String name);

    /**
     * All entries.
     *
     * @return as many times the four texts of {@link #get}
     */
    String[] entries();

    /**
     * What the ledger is good for.
     *
     * @return {@code known}, {@code empty}, {@code lost} or {@code unreadable}
     */
    String state();

    /**
     * Whether the leader before stepped down and its process went on.
     *
     * @return whether it did
     */
    boolean isHandedOver();

    /**
     * All of it as JSON.
     *
     * @return a JSON object
     */
    String json();

    /**
     * Notes an entry.
     *
     * @param name under this name
     * @param startedNanosAgo how long ago it started, -1 if not known
     * @param endedNanosAgo how long ago it ended, -1 if not known
     * @param bytes its bytes
     * @return false if this candidacy does not lead
     */
    boolean put(String name, long startedNanosAgo, long endedNanosAgo, byte[] bytes);

    /**
     * Notes nothing under a name any more.
     *
     * @param name the name
     * @return whether anything was; false if this candidacy does not lead
     */
    boolean remove(String name);

    /**
     * Has everything written.
     *
     * @param nanos how long to wait at most
     * @return whether it was acknowledged
     */
    boolean flush(long nanos);
}
