package io.clusterleader;

import io.clusterleader.spi.Candidacy;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether this process is the one that leads.
 *
 * <pre>{@code
 * if (ClusterLeader.isThisInstanceLeader()) {
 *     sendTheInvoices();
 * }
 * }</pre>
 *
 * <p>That is all that most programs need: one election for the process, configured by properties or the
 * environment. A program that wants several, or listeners, {@linkplain #join(String) joins} them by
 * name. Everything may be called from any thread, listeners and health checks included. Nothing blocks but
 * {@link #await}, {@link #verify()}, {@link Ledger#flush} and {@link #close()}, each for a bounded time, and for a moment the first
 * call, which loads the native library.
 *
 * <p>{@code true} means: for as long as {@link #remaining()} says, no other process is answered {@code
 * true}. Work that may take longer should ask again, ask {@link
 * #isLeaderFor(Duration)} beforehand, or hand its {@link #fencingToken()} to what it writes to.
 */
public final class ClusterLeader implements AutoCloseable {
    private static volatile ClusterLeader thisInstance;

    private final Candidacy candidacy;
    private final Listeners listeners;
    private final Ledger ledger;
    /** What the library said of this election right before it was closed. */
    private volatile @Nullable String @Nullable [] lastStatus;
    private volatile @Nullable HealthCheck healthCheck;
    private volatile boolean closed;

    private ClusterLeader(Candidacy candidacy) {
        this.candidacy = candidacy;
        this.listeners = new Listeners(candidacy);
        this.ledger = new Ledger(candidacy.ledger());
    }

    /**
     * Whether this process leads its election. True only if a clock read inside this call is before the
     * deadline of a claim that the store acknowledged; it costs about that clock read.
     *
     * <p>The first call starts the election that the properties {@code cluster-leader.*} and the
     * environment {@code CLUSTER_LEADER_*} describe, and does not wait for it: as a rule its answer is {@code false}.
     * The election ends with the process, which then releases it when no Java code runs any more, or
     * with the {@link #close()} of {@link #thisInstance()}.
     *
     * @return true if this process leads
     * @throws ClusterLeaderException if the configuration is wrong or the native library cannot be
     *     loaded; the next call tries again
     */
    public static boolean isThisInstanceLeader() {
        return thisInstance().isLeader();
    }

    /**
     * The election of this process: the one that {@link #isThisInstanceLeader()} asks. Started by the
     * first call of either.
     *
     * <p>"Process" means this copy of the library: the applications of a servlet container that each
     * bring their own jar have one each. Once closed it stays closed, until {@link #thisInstance(Election)}
     * starts another.
     *
     * @return the election
     * @throws ClusterLeaderException if the configuration is wrong or the native library cannot be
     *     loaded; the next call tries again
     */
    public static ClusterLeader thisInstance() {
        ClusterLeader started = thisInstance;
        return started != null ? started : startThisInstance();
    }

    /**
     * Starts the election of this process with settings of its own, for programs and frameworks that have
     * configuration of their own: from here on {@link #isThisInstanceLeader()} asks it. Call it before anything
     * else asks. One that was closed may be followed by another.
     *
     * @param election the election
     * @return the election
     * @throws IllegalStateException if one is under way, whoever started it
     * @throws ClusterLeaderException if the configuration is wrong or the native library cannot be loaded
     */
    public static synchronized ClusterLeader thisInstance(Election election) {
        ClusterLeader underWay = thisInstance;
        if (underWay != null && !underWay.closed) {
            throw new IllegalStateException("The election of this process is under way already: " + underWay.status()
                    + ". It is started by the first call of ClusterLeader.isThisInstanceLeader() or thisInstance(): call"
                    + " thisInstance(Election) before, or join(Election) for an election beside it.");
        }
        ClusterLeader started = join(election);
        thisInstance = started;
        return started;
    }

    private static synchronized ClusterLeader startThisInstance() {
        if (thisInstance == null) {
            ClusterLeader started = start(Election.CONFIGURED, Native::startDefault);
            started.begin();
            thisInstance = started;
        }
        return thisInstance;
    }

    /** The election of this process may begin anew if it was closed. */
    static synchronized void forgetClosed() {
        ClusterLeader last = thisInstance;
        if (last != null && last.closed) {
            thisInstance = null;
        }
    }

    /**
     * Stands in the election of this name until {@link #close()} or the end of the process. Returns at
     * once, before it is won. Each call makes a candidate of its own: join once, and keep what it returns.
     *
     * @param election the name of the election and of its Lease
     * @return the election
     * @throws ClusterLeaderException if the configuration is wrong or the native library cannot be loaded
     */
    public static ClusterLeader join(String election) {
        return join(Election.named(election));
    }

    /**
     * Stands in an election until {@link #close()} or the end of the process. Returns at once, before it
     * is won. Each call makes a candidate of its own: join once, and keep what it returns.
     *
     * @param election the election
     * @return the election
     * @throws ClusterLeaderException if the configuration is wrong or the native library cannot be loaded
     */
    public static ClusterLeader join(Election election) {
        ClusterLeader started = start(election, Native::start);
        try {
            started.begin();
            BooleanSupplier healthCheck = election.healthCheck();
            if (healthCheck != null) {
                started.healthCheck = HealthCheck.begin(healthCheck, started.candidacy);
            }
        } catch (Error noThread) {
            // Without a heartbeat it would lead, be taken for dead, and lead again; or never lead.
            started.close();
            throw noThread;
        }
        return started;
    }

    private void begin() {
        candidacy.begin(listeners::deliver);
    }

    private static ClusterLeader start(Election election, ToLongFunction<String[]> starter) {
        Candidacy provided = Provided.stand(election);
        if (provided != null) {
            return new ClusterLeader(provided);
        }
        if (!NativeLibrary.load()) {
            return new ClusterLeader(FileLockCandidacy.stand(election, NativeLibrary.missing()));
        }
        NativeLog.tellLevel();
        try {
            return new ClusterLeader(new NativeCandidacy(starter.applyAsLong(election.settings())));
        } finally {
            NativeLog.forward();
        }
    }

    /**
     * Whether this process leads. True only if a clock read inside this call is before the deadline of
     * a claim that the store acknowledged. No lock, no I/O, no allocation.
     *
     * @return true if this process leads; false once closed
     */
    public boolean isLeader() {
        return candidacy.isLeader();
    }

    /**
     * Whether this process leads and will for at least this long, as far as it depends on time.
     *
     * @param atLeast how long; zero or less is {@link #isLeader()}
     * @return true if at least that much is left
     * @throws IllegalArgumentException if it could never be true: a claim lasts no longer than the renew
     *     deadline
     */
    public boolean isLeaderFor(Duration atLeast) {
        return candidacy.isLeaderFor(Math.max(0, nanos(atLeast)));
    }

    /** Where a duration does not fit, it is longer than any claim in either way of counting. */
    private static long nanos(Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException overflow) {
            return duration.isNegative() ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
    }

    /**
     * How long this process leads at least.
     *
     * @return the time left, zero if this process does not lead
     */
    public Duration remaining() {
        return Duration.ofNanos(candidacy.remainingNanos());
    }

    /**
     * The leader's shown name, ours or another's: the pod's name.
     *
     * @return the name, empty if nobody leads as far as we know
     */
    public Optional<String> leader() {
        return status().leader();
    }

    /**
     * The number of the present term, ours or another's: {@code leaseTransitions} of the Lease.
     *
     * @return the number, empty if there is no record as far as we know
     */
    public OptionalLong term() {
        return status().term();
    }

    /**
     * The fencing token of our term: larger than that of every earlier term of this election, whoever
     * led it. A sink that keeps the largest it saw and refuses smaller ones is safe from work that was
     * begun in an earlier term.
     *
     * @return the token, empty if this process does not lead
     */
    public OptionalLong fencingToken() {
        return status().fencingToken();
    }

    /**
     * Asks the store, with one read, whether we hold the record now. Blocks for a fifth of the renew
     * deadline at most (by default 2 seconds). An interrupt does not shorten that, and stays.
     *
     * <p>It finds out what {@link #isLeader()} need not: that somebody meddled with the record. That no other
     * process is answered yes needs no such question.
     *
     * @return true if the store says that we lead
     * @throws ClusterLeaderException if the store did not answer, or the election was closed
     */
    public boolean verify() {
        return candidacy.verify();
    }

    /**
     * Waits until this process leads. Listeners, however slow, do not delay it.
     *
     * <p>A true is about that moment, as {@link #isLeader()}'s is: work that follows asks again as it would
     * otherwise.
     *
     * @param timeout how long to wait at most; zero or less asks once
     * @return true as soon as this process leads; false if it did not in that time, or if the election is closed
     * @throws InterruptedException if the thread was interrupted, before or while it waited
     */
    public boolean await(Duration timeout) throws InterruptedException {
        return listeners.awaitLeadership(nanos(timeout));
    }

    /**
     * A snapshot of the election, for people and for monitoring.
     *
     * @return the status; once closed, the last one, as {@link Status.State#STOPPED}
     */
    public Status status() {
        String[] fields = candidacy.status();
        return fields != null ? new Status(fields) : Status.stopped(lastStatus);
    }

    /**
     * Tells a listener of all changes from now on. If this process leads already, or a leader is
     * known, the listener is told that first. Returns at once: the listener runs on its own thread. Added
     * to an election that is closed it is told nothing.
     *
     * @param listener the listener
     * @return what removes the listener again; whoever never does may ignore it
     */
    public LeadershipListener.Registration addListener(LeadershipListener listener) {
        return listeners.add(listener);
    }

    /**
     * What the leaders of this election leave to their successors, in the record itself.
     *
     * @return the ledger: the same for every call
     */
    public Ledger ledger() {
        return ledger;
    }

    /**
     * Says that this process is ready to lead, where the election {@linkplain
     * Election#waitUntilReady(boolean) waits} for that: it stands from now on. Further calls do nothing.
     */
    public void ready() {
        candidacy.ready();
    }

    /**
     * Hands leadership over: the answer is no from here on, the record is released, and this process
     * sits out until another has led or one lease duration has passed. Returns at once. Does nothing if
     * this process does not lead.
     */
    public void stepDown() {
        candidacy.stepDown();
    }

    /**
     * Ends the election: the answer is no from here on, and the record is released for others to take
     * over at once. Call it when the work that was begun as a leader has ended. Blocks for a retry
     * period at most (by default 2 seconds); an interrupt does not shorten that, and stays. What the store
     * did not take in that time runs out instead. Further calls do nothing.
     *
     * <p>Without it an election ends with the process, in which case the record is released after the
     * last shutdown hook. There is no shutdown hook of this library: it would release while jobs still
     * run.
     */
    @Override
    public void close() {
        String[] fields = candidacy.status();
        if (fields != null) {
            lastStatus = fields;
        }
        closed = true;
        listeners.expectEnd();
        HealthCheck asked = healthCheck;
        if (asked != null) {
            asked.end();
        }
        try {
            candidacy.stop();
        } finally {
            candidacy.end();
            listeners.end();
        }
    }

    /**
     * One line for people.
     *
     * @return the line
     */
    @Override
    public String toString() {
        return "ClusterLeader[" + status() + "]";
    }
}
