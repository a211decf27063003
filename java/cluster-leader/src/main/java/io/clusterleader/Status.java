package io.clusterleader;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A snapshot of an election, for people and for monitoring.
 *
 * <p>Old as soon as it is taken: work is guarded by {@link ClusterLeader#isLeader()}, not by this.
 */
public final class Status {
    /** What an election is up to. */
    public enum State {
        /** Nothing is known of the record yet. */
        STARTING,
        /** Another leads, or nobody as far as we know. */
        FOLLOWING,
        /** This process leads. */
        LEADING,
        /** The election was closed. */
        STOPPED
    }

    private final String election;
    private final String place;
    private final String instanceName;
    private final String identity;
    private final State state;
    private final Duration remaining;
    private final String leader;
    private final String leaderIdentity;
    private final OptionalLong term;
    private final OptionalLong fencingToken;
    private final String lastProblem;
    private final Duration problemDuration;
    private final Renewals renewals;

    /** From what {@link io.clusterleader.spi.Candidacy#status} returns. */
    Status(String[] fields) {
        this(fields, State.valueOf(fields[4].toUpperCase(Locale.ROOT)), Boolean.parseBoolean(fields[5]));
    }

    private Status(String[] fields, State state, boolean leading) {
        election = fields[0];
        place = fields[1];
        instanceName = fields[2];
        identity = fields[3];
        this.state = state;
        remaining = leading ? Duration.ofNanos(Long.parseLong(fields[6])) : Duration.ZERO;
        leader = fields[7];
        leaderIdentity = fields[8];
        term = number(fields[9]);
        fencingToken = leading ? number(fields[10]) : OptionalLong.empty();
        lastProblem = fields[11];
        problemDuration = nanos(fields, 12);
        renewals = new Renewals(fields.length > 13 ? Long.parseLong(fields[13]) : 0, nanos(fields, 14), nanos(fields, 15));
    }

    /** Zero where it is not told. */
    private static Duration nanos(String[] fields, int at) {
        return fields.length > at ? Duration.ofNanos(Long.parseLong(fields[at])) : Duration.ZERO;
    }

    private static OptionalLong number(String field) {
        return field == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(field));
    }

    /** What remains to be said of an election that is closed. */
    static Status stopped(String[] lastFields) {
        return new Status(lastFields, State.STOPPED, false);
    }

    /**
     * The election: the Lease's name.
     *
     * @return the name
     */
    public String election() {
        return election;
    }

    /**
     * Where it is held, for people: {@code Lease production/billing-jobs}.
     *
     * @return the place
     */
    public String place() {
        return place;
    }

    /**
     * Our shown name: the pod's name.
     *
     * @return the name
     */
    public String instanceName() {
        return instanceName;
    }

    /**
     * Our holder identity: unique to this start of this process.
     *
     * @return the identity
     */
    public String identity() {
        return identity;
    }

    /**
     * What the election is up to.
     *
     * @return the state
     */
    public State state() {
        return state;
    }

    /**
     * Whether we led when this snapshot was taken.
     *
     * @return true if we led
     */
    public boolean isLeading() {
        return !remaining.isZero();
    }

    /**
     * How long we led at least when this snapshot was taken.
     *
     * @return the time left, zero if we did not lead
     */
    public Duration remaining() {
        return remaining;
    }

    /**
     * The shown name in the record, ours or another's.
     *
     * @return the name, empty if nobody holds the record as far as we know
     */
    public Optional<String> leader() {
        return Optional.ofNullable(leader);
    }

    /**
     * The holder identity in the record, ours or another's.
     *
     * @return the identity, empty if nobody holds the record as far as we know
     */
    public Optional<String> leaderIdentity() {
        return Optional.ofNullable(leaderIdentity);
    }

    /**
     * The number of the record's term, {@code leaseTransitions}.
     *
     * @return the number, empty if there is no record as far as we know
     */
    public OptionalLong term() {
        return term;
    }

    /**
     * The fencing token of our term.
     *
     * @return the token, empty if we did not lead
     */
    public OptionalLong fencingToken() {
        return fencingToken;
    }

    /**
     * The last thing that went wrong, until something went right again.
     *
     * @return the problem, empty if there is none
     */
    public Optional<String> lastProblem() {
        return Optional.ofNullable(lastProblem);
    }

    /**
     * For how long something has been wrong, one thing or several in a row.
     *
     * @return the time so far, zero if there is no problem
     */
    public Duration problemDuration() {
        return problemDuration;
    }

    /**
     * The renewals of all our terms, those that the store acknowledged.
     *
     * @return how many, and how long they took; none where a file lock elects, which needs none
     */
    public Renewals renewals() {
        return renewals;
    }

    /**
     * One line for people.
     *
     * @return the line
     */
    @Override
    public String toString() {
        return instanceName + " is " + state.name().toLowerCase(Locale.ROOT) + " in " + place
                + leader().map(name -> ", led by " + name).orElse(", led by nobody")
                + lastProblem().map(problem -> ", last problem: " + problem).orElse("");
    }
}
