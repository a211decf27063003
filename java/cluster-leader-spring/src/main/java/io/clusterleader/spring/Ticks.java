package io.clusterleader.spring;

import io.clusterleader.ClusterLeader;
import io.clusterleader.ClusterLeaderException;
import io.clusterleader.Ledger;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The ticks of a scheduled job, each of which is to run once, whichever instance leads when: what was run, and what is
 * under way, stands in the ledger of the election. It is read before each run, and written by the leader alone.
 *
 * <p>A new leader takes over: what became due while nobody led it runs now, or lets go.
 */
final class Ticks {
    private static final Log log = LogFactory.getLog(Ticks.class);
    /** By more, two wall clocks are not taken to differ: one of them was wrong. */
    private static final Duration MOST_CLOCK_DIFFERENCE = Duration.ofHours(1);
    /** What is written before it begins may begin so much later: two writes a second, and a request. */
    private static final Duration MOST_WAITED_TO_BE_WRITTEN = Duration.ofSeconds(1);
    private static final Duration BETWEEN_LOOKS_WHO_LEADS = Duration.ofSeconds(1);

    private final LeaderOnlyJob job;
    private final Schedule schedule;
    private final Guarding guarding;
    /** Fired, and not begun yet. More than one only where others than its scheduler begin the runs of a job. */
    private final Queue<Tick> fired = new ConcurrentLinkedQueue<>();
    private volatile @Nullable Timetable timetable;

    // Only under the lock.
    private long token;
    private int underWay;
    /** Those of them that catch up, beside what the scheduler fires by itself. */
    private int catchingUp;
    /** What the scheduler fired meanwhile: it does not overlap runs of a job, nor does this. */
    private @Nullable Tick waiting;
    /** The last run was cut short and is to be repeated. */
    private boolean repeats;
    /** Since when that was due which the next run catches up; null if that catches up nothing. */
    private @Nullable Duration overdue;
    private boolean isFired;
    private long firstFiredNanos;
    private boolean isBegun;
    private long lastBegunNanos;
    private boolean isOver;
    private boolean toldFailure;

    Ticks(LeaderOnlyJob job, Schedule schedule, Guarding guarding) {
        this.job = job;
        this.schedule = schedule;
        this.guarding = guarding;
    }

    /** What these ask of the guard. */
    interface Guarding {
        boolean isLeaderOnly(LeaderOnlyJob job);

        Optional<ClusterLeader> election(LeaderOnlyJob job);

        Optional<ClusterLeader> leading(LeaderOnlyJob job);

        Delivery delivery(LeaderOnlyJob job);

        Misfire misfire(LeaderOnlyJob job);

        Duration misfireThreshold(LeaderOnlyJob job);

        void caughtUp(LeaderOnlyJob job, Duration overdue);
    }

    /** A scheduler fired it, for that instant if it was planned for one. */
    record Tick(@Nullable Instant planned, boolean catchesUp) {}

    /**
     * A run that has begun.
     *
     * @param token of the term in which it has; 0 if it could not be noted
     * @param catchesUp beside what the scheduler fires by itself
     * @param overdue how long before what it catches up was due; null if it catches up nothing
     */
    record Begun(long token, boolean catchesUp, @Nullable Duration overdue) {
        private static final Begun UNNOTED = new Begun(0, false, null);
    }

    Schedule schedule() {
        return schedule;
    }

    /** It is scheduled by that: what else happens waits until it is. */
    synchronized @Nullable Object schedule(Timetable by, Scheduling scheduling) throws Throwable {
        timetable = by;
        Object scheduled = scheduling.schedule();
        guarding.leading(job).ifPresent(this::takeOver);
        return scheduled;
    }

    /** Asks a scheduler. */
    interface Scheduling {
        @Nullable Object schedule() throws Throwable;
    }

    /** Has it fired once more, now. */
    void fireAgain() {
        Timetable table = timetable;
        if (table != null) {
            table.fireNow(null);
        }
    }

    /** Called by the scheduler. */
    void fire(Tick tick, Runnable task) {
        if (!guarding.isLeaderOnly(job)) {
            task.run();
            return;
        }
        synchronized (this) {
            if (!isFired) {
                isFired = true;
                firstFiredNanos = System.nanoTime();
            }
        }
        fired.add(tick);
        try {
            task.run();
        } catch (RuntimeException | Error failure) {
            fired.remove(tick);
            throw failure;
        }
    }

    /** The tick that whoever begins a run now runs; null if it was not its scheduler that called. */
    @Nullable Tick next() {
        return fired.poll();
    }

    // ---- runs -----------------------------------------------------------------------------------

    /** Null if the tick was run already, or it must not run. Where it may be cut short but not repeated, waits for that to be written. */
    @Nullable Begun begin(Tick tick, ClusterLeader election) {
        Ledger ledger = election.ledger();
        if (!ledger.isAvailable()) {
            return Begun.UNNOTED;
        }
        Begun begun = null;
        try {
            begun = note(tick, election, ledger);
            if (begun != null && guarding.delivery(job) == Delivery.AT_MOST_ONCE && !beginsWritten(begun, election, ledger)) {
                end(begun);
                fireWaiting();
                return null;
            }
            if (begun != null && begun.overdue != null) {
                guarding.caughtUp(job, begun.overdue);
            }
            return begun;
        } catch (ClusterLeaderException failure) {
            tell(failure);
            if (begun != null) {
                end(begun);
            }
            return Begun.UNNOTED;
        }
    }

    private synchronized @Nullable Begun note(Tick tick, ClusterLeader election, Ledger ledger) {
        boolean moved = takeOver(election);
        Timetable table = timetable;
        if (moved && !tick.catchesUp || table == null || token == 0) {
            return null;
        }
        Instant now = table.now();
        Instant planned = schedule.tick(tick.planned, now);
        if (catchingUp > 0 && !tick.catchesUp) {
            waiting = new Tick(planned, true);
            return null;
        }
        if (tick.catchesUp && schedule.tickSoonAfter(now) != null) {
            return null; // Its scheduler is about to fire it for that one, which covers what is due.
        }
        LastTick last = last(ledger);
        if (!repeats && last != null && (schedule.covers(last, planned) || wasRunSince(last))) {
            isOver = true;
            if (!tick.catchesUp) {
                job.avoidedDouble();
            }
            return null;
        }
        LastTick started = (last != null ? last : entered(planned)).startedNow(planned);
        if (!ledger.put(job.id(), started.entry())) {
            return null;
        }
        underWay++;
        catchingUp += tick.catchesUp ? 1 : 0;
        repeats = false;
        Begun begun = new Begun(token, tick.catchesUp, overdue);
        overdue = null;
        return begun;
    }

    /** Of what is due once: each process plans it, and a run covers all of those that were due before it. */
    private boolean wasRunSince(LastTick last) {
        return schedule instanceof Schedule.Once && last.startedAgo().toNanos() < System.nanoTime() - firstFiredNanos;
    }

    /** Whether a run begins whose start was noted: that is in the store for certain, and it is not too early for it by now. */
    private boolean beginsWritten(Begun begun, ClusterLeader election, Ledger ledger) {
        if (!isWritten(election, ledger) || begun.catchesUp && !isLeaderAfterTickThatIsSoon(election)) {
            log.warn("Not run: " + job + ", as this instance leads no more. It may be written that the run begins: no instance runs that tick.");
            return false;
        }
        synchronized (this) {
            long now = System.nanoTime();
            // Of two starts that waited, the second may have waited for less.
            boolean tooEarly = isBegun && schedule.covers(Duration.ofNanos(now - lastBegunNanos));
            if (!tooEarly) {
                isBegun = true;
                lastBegunNanos = now;
                Timetable table = timetable;
                // It may have waited until the next tick: then it is that one's run.
                update(begun, election, noted -> noted.startedNow(
                        table == null ? noted.planned() : schedule.tick(noted.planned(), table.now())));
            }
            return !tooEarly;
        }
    }

    /** An answer that stays out is asked for again. */
    private boolean isWritten(ClusterLeader election, Ledger ledger) {
        do {
            if (ledger.flush(BETWEEN_LOOKS_WHO_LEADS)) {
                return true;
            }
        } while (election.isLeader());
        return false;
    }

    /** Where the next tick is due in a moment, the run begins with it, and is that one's. */
    private boolean isLeaderAfterTickThatIsSoon(ClusterLeader election) {
        Timetable table = timetable;
        Instant soon = table == null ? null : schedule.tickSoonAfter(table.now());
        if (table == null || soon == null) {
            return true;
        }
        try {
            TimeUnit.NANOSECONDS.sleep(Duration.between(table.now(), soon).toNanos());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt(); // For the run to see.
        }
        return election.isLeader();
    }

    /** Notes that a run has ended, if this instance leads still. */
    void ended(Begun begun, ClusterLeader election) {
        if (begun.token == 0) {
            return;
        }
        try {
            boolean noted = end(begun) && update(begun, election, LastTick::endedNow);
            if (noted && guarding.delivery(job) == Delivery.AT_LEAST_ONCE) {
                election.ledger().flush(Duration.ZERO); // Asks for it, and does not wait.
            }
        } catch (ClusterLeaderException failure) {
            tell(failure);
        }
        fireWaiting();
    }

    /** Notes that a run will not end here: if ticks run at least once, the next leader repeats it. */
    void cut(Begun begun, ClusterLeader election) {
        if (begun.token == 0) {
            return;
        }
        try {
            update(begun, election, LastTick::cut);
        } catch (ClusterLeaderException failure) {
            tell(failure);
        }
    }

    /** Whether it was the last of those under way. */
    private synchronized boolean end(Begun begun) {
        underWay--;
        catchingUp -= begun.catchesUp ? 1 : 0;
        return underWay == 0;
    }

    /** It is found to have been run, where the run that it waited for began in its period. */
    private synchronized void fireWaiting() {
        Tick tick = waiting;
        Timetable table = timetable;
        if (tick != null && table != null && catchingUp == 0) {
            waiting = null;
            table.fireNow(tick.planned);
        }
    }

    private synchronized boolean update(Begun begun, ClusterLeader election, UnaryOperator<LastTick> change) {
        Ledger ledger = election.ledger();
        LastTick last = begun.token == election.fencingToken().orElse(0) ? last(ledger) : null;
        return last != null && last.isOpen() && ledger.put(job.id(), change.apply(last).entry());
    }

    /** Whether it was found to have been run already: of something that is due once, no more is to come. */
    synchronized boolean isOver() {
        return isOver;
    }

    // ---- a new term -----------------------------------------------------------------------------

    /** Once in a term: goes on where the leader before left off. Whether its scheduler fires it at another time now. */
    synchronized boolean takeOver(ClusterLeader election) {
        long now = election.fencingToken().orElse(0);
        Timetable table = timetable;
        if (table == null || now == 0 || now == token || !guarding.isLeaderOnly(job)) {
            return false;
        }
        token = now;
        repeats = false;
        overdue = null;
        Ledger ledger = election.ledger();
        if (!ledger.isAvailable()) {
            return false;
        }
        try {
            return goOn(table, ledger);
        } catch (ClusterLeaderException failure) {
            tell(failure);
            return false;
        }
    }

    private boolean goOn(Timetable table, Ledger ledger) {
        LastTick last = last(ledger);
        if (last == null || last.schedule() != hash()) {
            if (!(schedule instanceof Schedule.Once)) {
                ledger.put(job.id(), entered(table.now()).entry());
            }
            return false;
        }
        last = byThisClock(last, table.now(), ledger);
        if (last.isOpen()) {
            repeats = underWay == 0 && isRepeated(last, ledger);
            if (!repeats) {
                boolean waited = guarding.delivery(job) == Delivery.AT_MOST_ONCE && !ledger.isHandedOver();
                last = (waited ? last.startedLater(MOST_WAITED_TO_BE_WRITTEN) : last).endedNow();
                ledger.put(job.id(), last.entry());
            }
        }
        Schedule.Due due = schedule.due(last, repeats, table.now());
        if (due == null) {
            return false;
        }
        if (due.overdue().isNegative()) {
            table.move(due.overdue().negated());
            return true;
        }
        return isLetGo(due) ? letGo(due, last, table, ledger) : catchUp(due, table);
    }

    /** Whether a run that is not known to have ended was cut short, and is run again for that. */
    private boolean isRepeated(LastTick last, Ledger ledger) {
        boolean goesOn = last.state() == LastTick.State.STARTED && ledger.isHandedOver();
        return !goesOn && guarding.delivery(job) != Delivery.AT_MOST_ONCE;
    }

    private LastTick byThisClock(LastTick last, Instant now, Ledger ledger) {
        Instant planned = last.planned();
        if (planned == null || !planned.isAfter(now.plus(MOST_CLOCK_DIFFERENCE))) {
            return last;
        }
        log.warn("The last tick of " + job + " was run for " + planned + ", which is more than " + MOST_CLOCK_DIFFERENCE
                + " ahead of the clock here: the clock of the leader before was wrong, or this one is. It counts as run "
                + last.startedAgo() + " ago. See to the clocks of the nodes.");
        LastTick counted = last.over(now.minus(last.startedAgo()));
        ledger.put(job.id(), counted.entry());
        return counted;
    }

    private boolean isLetGo(Schedule.Due due) {
        boolean isSkipped = guarding.misfire(job) == Misfire.SKIP && !repeats;
        return isSkipped || due.overdue().compareTo(guarding.misfireThreshold(job)) > 0;
    }

    private boolean letGo(Schedule.Due due, LastTick last, Timetable table, Ledger ledger) {
        repeats = false;
        job.missed(due.ticks());
        log.info("Let go: " + due.ticks() + " tick(s) of " + job + " that were due while no instance led, the last of them " + due.overdue() + " ago.");
        ledger.put(job.id(), last.over(due.tick()).entry());
        if (due.otherwiseIn() == null) {
            return false;
        }
        table.move(due.otherwiseIn());
        return true;
    }

    private boolean catchUp(Schedule.Due due, Timetable table) {
        overdue = due.overdue();
        if (due.otherwiseIn() == null) {
            table.fireNow(due.tick());
            return false;
        }
        table.move(Duration.ZERO);
        return true;
    }

    // ---- the ledger -----------------------------------------------------------------------------

    private @Nullable LastTick last(Ledger ledger) {
        return ledger.get(job.id()).map(LastTick::of).orElse(null);
    }

    private LastTick entered(@Nullable Instant now) {
        return LastTick.enteredNow(hash(), now != null && schedule instanceof Schedule.Planned ? now : null);
    }

    private int hash() {
        return schedule.description().hashCode();
    }

    private synchronized void tell(ClusterLeaderException failure) {
        if (!toldFailure) {
            log.error("Ticks of " + job + " may be missed or run twice when another instance leads, as they cannot be noted.", failure);
        }
        toldFailure = true;
    }

    /** What is known of its last tick, whoever ran it: its instant, or when it began. */
    Optional<Instant> lastTick() {
        Timetable table = timetable;
        Ledger ledger = guarding.election(job).map(ClusterLeader::ledger).filter(Ledger::isAvailable).orElse(null);
        LastTick last = ledger == null ? null : last(ledger);
        if (table == null || last == null || !last.wasRun()) {
            return Optional.empty();
        }
        Instant planned = last.planned();
        return Optional.of(planned != null ? planned : table.now().minus(last.startedAgo()));
    }

    /** When its scheduler fires it next. */
    Optional<Instant> nextTick() {
        Timetable table = timetable;
        return table == null ? Optional.empty() : Optional.ofNullable(table.next());
    }
}
