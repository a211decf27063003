package io.clusterleader;

import io.clusterleader.spi.CandidacyLedger;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the leaders of an election leave to their successors: a small map, kept in the election's record itself.
 *
 * <p>Everybody may read it: the leader what it has noted, others what the newest record says that they have seen.
 * Only the leader changes it. What it notes is written with its next renewal (half a renew deadline later at most)
 * and with the release, whichever comes first, or at once by {@link #flush}. What was written every later leader
 * has at hand when it is first told that it leads.
 *
 * <p>It is for a few bytes on each of some hundred jobs: 64 KiB in all, of which an entry without bytes takes about
 * 22. Whoever may read the Lease may read it. Everything may be called from any thread; nothing blocks but {@link
 * #flush}.
 *
 * <p>Where a file lock decides in place of the native library there is no ledger: see {@link #isAvailable()}.
 */
public final class Ledger {
    private final @Nullable CandidacyLedger candidacy;

    Ledger(@Nullable CandidacyLedger candidacy) {
        this.candidacy = candidacy;
    }

    /** What a ledger is good for. */
    public enum State {
        /** It says what earlier leaders have noted: what is not in it was not noted. */
        KNOWN,
        /** No ledger has been seen yet: nothing is known of the work of earlier leaders. */
        EMPTY,
        /** There was one, and another elector has dropped it, or the Lease was deleted: nothing is known. */
        LOST,
        /** The record bears one that this version cannot read: nothing is known. */
        UNREADABLE
    }

    /**
     * Whether there is a ledger at all. There is none where {@link java.nio.channels.FileLock} decides, outside
     * Kubernetes and on a platform without a native library, and where a test kit has none.
     *
     * @return false if every other method throws {@link UnsupportedOperationException}
     */
    public boolean isAvailable() {
        return candidacy != null;
    }

    /**
     * What is noted under this name.
     *
     * @param name the name
     * @return the entry, with its times as of now; empty if there is none, which means that nothing was noted only
     *     if the {@link #state()} is {@link State#KNOWN}, and if the election is closed
     * @throws UnsupportedOperationException if there is no ledger
     */
    public Optional<Entry> get(String name) {
        String[] texts = candidacy().get(name);
        return texts.length < 4 ? Optional.empty() : Optional.of(Entry.of(texts, 0));
    }

    /**
     * All entries.
     *
     * @return a copy: the entries by their names. Of a name that this process has not used itself only the eight
     *     letters of its hash are known, which then stand in its place
     * @throws UnsupportedOperationException if there is no ledger
     */
    public Map<String, Entry> entries() {
        String[] texts = candidacy().entries();
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (int index = 0; index + 4 <= texts.length; index += 4) {
            entries.put(texts[index], Entry.of(texts, index));
        }
        return Collections.unmodifiableMap(entries);
    }

    /**
     * Whether it says what earlier leaders have done. While this process leads: what it had at hand when its term
     * began.
     *
     * @return the state
     * @throws UnsupportedOperationException if there is no ledger
     */
    public State state() {
        return State.valueOf(candidacy().state().toUpperCase(Locale.ROOT));
    }

    /**
     * Whether the leader before stepped down and its process went on, and nothing was noted since: what it had begun may
     * still be under way. While this process leads: when its term began.
     *
     * @return false if it stopped, was unfit, or fell silent
     * @throws UnsupportedOperationException if there is no ledger
     */
    public boolean isHandedOver() {
        return candidacy().isHandedOver();
    }

    /**
     * Notes an entry, in place of what was there.
     *
     * @param name under this name
     * @param entry the entry, with its times as of now
     * @return true if it is noted: not yet written, but on its way; false if this process does not lead, or the
     *     election is closed, and nothing has changed
     * @throws ClusterLeaderException if the entry has more than {@value Entry#MOST_BYTES} bytes, or the ledger would
     *     be too large; the message names what takes most, and nothing has changed
     * @throws UnsupportedOperationException if there is no ledger
     */
    public boolean put(String name, Entry entry) {
        return candidacy().put(name, nanos(entry.startedAgo), nanos(entry.endedAgo), entry.bytes);
    }

    /**
     * Notes nothing under this name any more.
     *
     * @param name the name
     * @return true if anything was; false too if this process does not lead
     * @throws UnsupportedOperationException if there is no ledger
     */
    public boolean remove(String name) {
        return candidacy().remove(name);
    }

    /**
     * Has everything written that was noted before this call, and waits for that. Flushes of many threads share a
     * write; there are two a second at most. Blocks for this time at most: as a rule for a round trip, up to half a
     * second longer if another flush has just been written. An interrupt does not shorten that, and stays.
     *
     * @param timeout how long to wait at most
     * @return true if the store has acknowledged it: no later leader begins without it. False if that is unknown,
     *     it may have been written, or may be yet; and if this process does not lead, or no longer
     * @throws UnsupportedOperationException if there is no ledger
     */
    public boolean flush(Duration timeout) {
        return candidacy().flush(nanos(timeout.isNegative() ? Duration.ZERO : timeout));
    }

    /**
     * All of it, for people and programs.
     *
     * @return a JSON object with {@code state}, {@code handed_over}, {@code bytes}, {@code most_bytes} and {@code entries}
     * @throws UnsupportedOperationException if there is no ledger
     */
    public String toJson() {
        return candidacy().json();
    }

    private CandidacyLedger candidacy() {
        if (candidacy == null) {
            throw new UnsupportedOperationException("This election has no ledger: it is decided by a file lock, or by a test"
                    + " kit, not by the native library. Ask Ledger.isAvailable() first, or run on a platform with the"
                    + " library.");
        }
        return candidacy;
    }

    private static long nanos(@Nullable Duration duration) {
        if (duration == null) {
            return -1;
        }
        try {
            return duration.toNanos();
        } catch (ArithmeticException overflow) {
            return Long.MAX_VALUE; // 292 years
        }
    }

    /**
     * An entry: when something started and when it ended, as far as either is known, and a few bytes of whoever made
     * it. Times are ages, so that they outlive clocks that differ; an age below zero is zero, and one above 2.4 years is
     * 2.4 years. Immutable.
     */
    public static final class Entry {
        /** The most bytes that an entry may have. */
        public static final int MOST_BYTES = 64;

        /** An entry that says nothing yet. */
        public static final Entry EMPTY = new Entry(null, null, new byte[0]);

        private final @Nullable Duration startedAgo;
        private final @Nullable Duration endedAgo;
        private final byte[] bytes;

        private Entry(@Nullable Duration startedAgo, @Nullable Duration endedAgo, byte[] bytes) {
            this.startedAgo = startedAgo;
            this.endedAgo = endedAgo;
            this.bytes = bytes;
        }

        private static Entry of(String[] texts, int from) {
            String hexadecimal = texts[from + 3];
            byte[] bytes = new byte[hexadecimal.length() / 2];
            for (int index = 0; index < bytes.length; index++) {
                bytes[index] = (byte) Integer.parseInt(hexadecimal.substring(2 * index, 2 * index + 2), 16);
            }
            return new Entry(age(texts[from + 1]), age(texts[from + 2]), bytes);
        }

        private static @Nullable Duration age(String nanos) {
            return nanos.isEmpty() ? null : Duration.ofNanos(Long.parseLong(nanos));
        }

        private static Duration notBelowZero(Duration ago) {
            return ago.isNegative() ? Duration.ZERO : ago;
        }

        /**
         * This, started so long ago.
         *
         * @param ago how long ago
         * @return another entry
         */
        public Entry startedAgo(Duration ago) {
            return new Entry(notBelowZero(ago), endedAgo, bytes);
        }

        /**
         * This, ended so long ago.
         *
         * @param ago how long ago
         * @return another entry
         */
        public Entry endedAgo(Duration ago) {
            return new Entry(startedAgo, notBelowZero(ago), bytes);
        }

        /**
         * This, with other bytes.
         *
         * @param bytes the bytes, which are copied
         * @return another entry
         */
        public Entry bytes(byte[] bytes) {
            return new Entry(startedAgo, endedAgo, bytes.clone());
        }

        /**
         * How long ago it started, as of the call that gave this entry.
         *
         * @return the age, empty if it is not known
         */
        public Optional<Duration> startedAgo() {
            return Optional.ofNullable(startedAgo);
        }

        /**
         * How long ago it ended, as of the call that gave this entry.
         *
         * @return the age, empty if it is not known
         */
        public Optional<Duration> endedAgo() {
            return Optional.ofNullable(endedAgo);
        }

        /**
         * Its bytes.
         *
         * @return a copy
         */
        public byte[] bytes() {
            return bytes.clone();
        }

        /**
         * One line for people.
         *
         * @return the line
         */
        @Override
        public String toString() {
            return "started " + told(startedAgo) + ", ended " + told(endedAgo) + ", " + bytes.length + " bytes";
        }

        private static String told(@Nullable Duration ago) {
            return ago == null ? "never" : ago + " ago";
        }
    }
}
