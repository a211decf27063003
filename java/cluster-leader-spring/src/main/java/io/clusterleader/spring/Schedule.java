package io.clusterleader.spring;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** When the ticks of a job are due, and which of them were run when the last one was. No clock, no I/O. */
sealed interface Schedule {
    /** As long as it says the same, what the ledger knows of the job counts. */
    String description();

    /** The tick that a run is which begins now, fired for {@code planned}; null if ticks have no instants of their own. */
    default @Nullable Instant tick(@Nullable Instant planned, Instant now) {
        return null;
    }

    /** The next tick, where a run that begins now could as well be that one's; null if none is due so soon. */
    default @Nullable Instant tickSoonAfter(Instant now) {
        return null;
    }

    /** Whether the last tick was this one, or a later one. */
    boolean covers(LastTick last, @Nullable Instant tick);

    /** Whether a start so long ago covers one that is made now. */
    default boolean covers(Duration startedAgo) {
        return false;
    }

    /** What is due after the last tick, or again if that is to be repeated; null if nothing that only a new leader knows of. */
    @Nullable Due due(LastTick last, boolean repeat, Instant now);

    /**
     * What is due.
     *
     * @param overdue since when; if negative: in how long
     * @param ticks how many ticks of the past it is
     * @param tick the last of them
     * @param otherwiseIn when the next one is due if these are let go; null if its scheduler knows
     */
    record Due(Duration overdue, long ticks, @Nullable Instant tick, @Nullable Duration otherwiseIn) {}

    /** By a cron expression. */
    record Planned(String description, PlannedInstants instants) implements Schedule {
        /** More are not counted. */
        private static final int MOST_TICKS = 100_000;
        /** On a busy machine so much passes between what is noted of a run and its first step, at most. */
        private static final Duration SOON = Duration.ofMillis(100);

        @Override
        public @Nullable Instant tick(@Nullable Instant planned, Instant now) {
            Instant first = planned == null ? now : planned;
            Instant last = instants.last(first, now);
            return last == null ? first : last;
        }

        @Override
        public @Nullable Instant tickSoonAfter(Instant now) {
            Instant next = instants.after(now);
            return next != null && next.isBefore(now.plus(SOON)) ? next : null;
        }

        @Override
        public boolean covers(LastTick last, @Nullable Instant tick) {
            return last.planned() != null && tick != null && !tick.isAfter(last.planned());
        }

        @Override
        public @Nullable Due due(LastTick last, boolean repeat, Instant now) {
            Instant covered = last.planned();
            if (covered == null) {
                return null;
            }
            Instant due = instants.last(covered, now);
            Instant tick = due != null ? due : repeat ? covered : null;
            if (tick == null) {
                return null;
            }
            Duration overdue = Duration.between(tick, now);
            // What is repeated was due by the clock that planned it, which may be ahead of this one.
            return new Due(overdue.isNegative() ? Duration.ZERO : overdue, ticks(covered, tick) + (repeat ? 1 : 0), tick, null);
        }

        private long ticks(Instant covered, Instant last) {
            long ticks = 0;
            for (Instant at = instants.after(covered); at != null && !at.isAfter(last) && ticks < MOST_TICKS; at = instants.after(at)) {
                ticks++;
            }
            return ticks;
        }
    }

    /** By a trigger of the application's own: what it would have fired, nobody knows but itself. */
    record Custom(String description) implements Schedule {
        @Override
        public @Nullable Instant tick(@Nullable Instant planned, Instant now) {
            return planned;
        }

        @Override
        public boolean covers(LastTick last, @Nullable Instant tick) {
            return false;
        }

        @Override
        public @Nullable Due due(LastTick last, boolean repeat, Instant now) {
            return repeat ? new Due(last.startedAgo(), 1, last.planned(), null) : null;
        }
    }

    /** Each time so long after the last start. */
    record FixedRate(Duration period) implements Schedule {
        @Override
        public String description() {
            return "rate " + period;
        }

        /** A start within half a period after the last one is no tick of its own: its scheduler catches up, or is another's. */
        @Override
        public boolean covers(LastTick last, @Nullable Instant tick) {
            return last.wasRun() && covers(last.startedAgo());
        }

        @Override
        public boolean covers(Duration startedAgo) {
            return startedAgo.compareTo(period.dividedBy(2)) < 0;
        }

        @Override
        public Due due(LastTick last, boolean repeat, Instant now) {
            Duration ago = last.startedAgo();
            long periods = ago.dividedBy(period);
            Duration overdue = repeat ? ago : ago.minus(period);
            return new Due(overdue, periods + (repeat ? 1 : 0), null, period.multipliedBy(periods + 1).minus(ago));
        }
    }

    /** Each time so long after the last end. */
    record FixedDelay(Duration delay) implements Schedule {
        /** Of two clocks that measure the same. */
        private static final Duration TOLERANCE = Duration.ofMillis(10);

        @Override
        public String description() {
            return "delay " + delay;
        }

        @Override
        public boolean covers(LastTick last, @Nullable Instant tick) {
            return last.wasRun() && last.endedAgo().plus(TOLERANCE).compareTo(delay) < 0;
        }

        @Override
        public Due due(LastTick last, boolean repeat, Instant now) {
            Duration overdue = repeat ? last.startedAgo() : last.endedAgo().minus(delay);
            return new Due(overdue, 1, null, delay);
        }
    }

    /** Once in each process. */
    record Once() implements Schedule {
        @Override
        public String description() {
            return "once";
        }

        @Override
        public boolean covers(LastTick last, @Nullable Instant tick) {
            return false; // Its own task knows: it depends on when the process planned it.
        }

        @Override
        public @Nullable Due due(LastTick last, boolean repeat, Instant now) {
            return null;
        }
    }
}
