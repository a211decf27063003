package io.clusterleader.spring;

import io.clusterleader.Ledger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the ledger says of a job: its last tick. The ages are the ledger's own, which outlive clocks that differ; the rest
 * is in the bytes of its entry: a format, a state, a hash of the schedule that it was a tick of, and the planned instant.
 *
 * @param planned the planned instant by the wall clock of whoever ran it; null of a job that has none
 */
record LastTick(State state, int schedule, @Nullable Instant planned, Duration startedAgo, Duration endedAgo) {
    enum State {
        /** A leader knew the job from then on, and has not run it yet. */
        ENTERED,
        /** A run began. */
        STARTED,
        /** It ended. */
        ENDED,
        /** It began, and will not end: its process is about to. */
        CUT
    }

    private static final byte FORMAT = 1;
    private static final int BYTES = 2 + Integer.BYTES;

    static LastTick enteredNow(int schedule, @Nullable Instant planned) {
        return new LastTick(State.ENTERED, schedule, planned, Duration.ZERO, Duration.ZERO);
    }

    LastTick startedNow(@Nullable Instant tick) {
        return new LastTick(State.STARTED, schedule, tick, Duration.ZERO, endedAgo);
    }

    /** It may have begun so much later than was noted. */
    LastTick startedLater(Duration most) {
        Duration least = startedAgo.minus(most);
        return new LastTick(state, schedule, planned, least.isNegative() ? Duration.ZERO : least, endedAgo);
    }

    LastTick endedNow() {
        return new LastTick(State.ENDED, schedule, planned, startedAgo, Duration.ZERO);
    }

    LastTick cut() {
        return new LastTick(State.CUT, schedule, planned, startedAgo, endedAgo);
    }

    /** What was due until this tick is let go. */
    LastTick over(@Nullable Instant tick) {
        return new LastTick(wasRun() ? State.ENDED : state, schedule, tick, startedAgo, endedAgo);
    }

    /** Whether there ever was a run. */
    boolean wasRun() {
        return state != State.ENTERED;
    }

    /** Whether a run began that is not known to have ended. */
    boolean isOpen() {
        return state == State.STARTED || state == State.CUT;
    }

    /** Null if the entry is not one of these. */
    static @Nullable LastTick of(Ledger.Entry entry) {
        ByteBuffer bytes = ByteBuffer.wrap(entry.bytes());
        if (bytes.remaining() != BYTES && bytes.remaining() != BYTES + Long.BYTES || bytes.get() != FORMAT) {
            return null;
        }
        int state = bytes.get();
        if (state < 0 || state >= State.values().length) {
            return null;
        }
        int schedule = bytes.getInt();
        Instant planned = bytes.hasRemaining() ? Instant.ofEpochMilli(bytes.getLong()) : null;
        return new LastTick(State.values()[state], schedule, planned,
                entry.startedAgo().orElse(Duration.ZERO), entry.endedAgo().orElse(Duration.ZERO));
    }

    Ledger.Entry entry() {
        ByteBuffer bytes = ByteBuffer.allocate(planned == null ? BYTES : BYTES + Long.BYTES);
        bytes.put(FORMAT).put((byte) state.ordinal()).putInt(schedule);
        if (planned != null) {
            bytes.putLong(planned.toEpochMilli());
        }
        return Ledger.Entry.EMPTY.startedAgo(startedAgo).endedAgo(endedAgo).bytes(bytes.array());
    }
}
