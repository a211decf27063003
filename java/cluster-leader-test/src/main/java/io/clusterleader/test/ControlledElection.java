package io.clusterleader.test;

import io.clusterleader.ClusterLeaderException;
import io.clusterleader.LostReason;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An election whose outcome a test decides. Whatever asks {@link io.clusterleader.ClusterLeader} in this process, joined
 * before the test or by it, is answered accordingly; listeners are told as in production, on their own thread.
 *
 * <p>All that say something take effect before they return, but for the listeners: {@link #awaitListeners()} waits for
 * them. They return this election, so that it may be said in one line: {@code election.becomeLeader().awaitListeners()}.
 * Once the control is closed they throw {@link IllegalStateException}.
 *
 * <p>Where several candidacies of this process follow one controlled election, such as those of several cached application
 * contexts, they are this instance together: they lead and lose together, and if one of them steps down or is closed,
 * nobody leads.
 *
 * <p>Thread-safe.
 */
public final class ControlledElection {
    private static final Duration LISTENERS_BOUND = Duration.ofSeconds(30);

    private enum Holder {
        NOBODY,
        THIS_INSTANCE,
        ANOTHER
    }

    private final ElectionControl control;
    private final @Nullable String name;

    // All under the stage's lock.
    /** Whether this instance leads as soon as one of its candidacies may. */
    private boolean wanted;
    /** Whether a term of ours runs. */
    private boolean leading;
    private Holder holder = Holder.NOBODY;
    private String another = "";
    private long term = -1;
    private long token;
    private Duration remaining = Duration.ofNanos(Long.MAX_VALUE);
    private boolean verified = true;
    private @Nullable String verifyFailure;
    private @Nullable String problem;
    private Duration problemDuration = Duration.ZERO;
    private @Nullable LostReason lastLost;
    /** Whether anything differs from how it began. */
    private boolean changed;

    ControlledElection(ElectionControl control, boolean wanted) {
        this.control = control;
        this.name = null;
        this.wanted = wanted;
    }

    /** One that is as another is now. */
    ControlledElection(String name, ControlledElection like) {
        this.control = like.control;
        this.name = name;
        wanted = like.wanted;
        leading = like.leading;
        holder = like.holder;
        another = like.another;
        term = like.term;
        token = like.token;
        remaining = like.remaining;
        verified = like.verified;
        verifyFailure = like.verifyFailure;
        problem = like.problem;
        problemDuration = like.problemDuration;
        lastLost = like.lastLost;
        changed = like.changed;
    }

    // ---- what a test says -------------------------------------------------------------------

    /**
     * This instance leads from now on: a new term begins, with a larger fencing token. It does so as soon as anything has
     * joined, is ready where it waits for that, and is healthy where it has a health check. Does nothing if it leads.
     *
     * @return this
     */
    public ControlledElection becomeLeader() {
        return change(() -> {
            wanted = true;
            settle();
        });
    }

    /**
     * This instance leads no more, as if it could not renew in time: {@link #loseLeadership(LostReason)} with {@link
     * LostReason#EXPIRED}.
     *
     * @return this
     */
    public ControlledElection loseLeadership() {
        return loseLeadership(LostReason.EXPIRED);
    }

    /**
     * This instance leads no more, for this reason, until {@link #becomeLeader()}. If it does not lead, it does not come to
     * lead either.
     *
     * <p>The record is left as that reason leaves it: it still names this instance after {@link LostReason#EXPIRED}, {@link
     * LostReason#DRIVER_FAILED} and {@link LostReason#DUPLICATE_IDENTITY}, and {@code another} after {@link
     * LostReason#SUPERSEDED} (or say which one with {@link #leaderIs}); there is none after {@link LostReason#DELETED}; and
     * after all others it names nobody.
     *
     * @param reason what listeners are told
     * @return this
     */
    public ControlledElection loseLeadership(LostReason reason) {
        Objects.requireNonNull(reason, "reason");
        return reason == LostReason.SUPERSEDED ? leaderIs("another") : change(() -> {
            wanted = false;
            settle(reason);
        });
    }

    /**
     * Another instance leads. If this one did, its term ends with {@link LostReason#SUPERSEDED}.
     *
     * @param instanceName the other's shown name, such as a pod's
     * @return this
     */
    public ControlledElection leaderIs(String instanceName) {
        if (instanceName.isEmpty()) {
            throw new IllegalArgumentException("instanceName: it is empty. Name the other instance, as \"other-pod\"; where nobody"
                    + " is to lead, call nobodyLeads().");
        }
        return change(() -> {
            wanted = false;
            endTerm(LostReason.SUPERSEDED);
            if (holder != Holder.ANOTHER || !another.equals(instanceName)) {
                begin(Holder.ANOTHER);
            }
            another = instanceName;
            settle(LostReason.SUPERSEDED);
        });
    }

    /**
     * The record names nobody. If this instance led, its term ends with {@link LostReason#BLANKED}.
     *
     * @return this
     */
    public ControlledElection nobodyLeads() {
        return change(() -> {
            wanted = false;
            endTerm(LostReason.BLANKED);
            holder = Holder.NOBODY;
            settle(LostReason.BLANKED);
        });
    }

    /**
     * How much is left of the term whenever this instance leads, for {@link io.clusterleader.ClusterLeader#isLeaderFor} and
     * {@link io.clusterleader.ClusterLeader#remaining}. It does not run down: no test races a clock. To have it run out,
     * {@linkplain #loseLeadership() lose}. At first it is the renew deadline but a millisecond, which is also the most.
     *
     * @param left the time left, above zero
     * @return this
     */
    public ControlledElection setRemaining(Duration left) {
        if (left.isNegative() || left.isZero()) {
            throw new IllegalArgumentException("left: " + left + " is not above zero. For a term that has run out, call"
                    + " loseLeadership().");
        }
        return change(() -> {
            remaining = left;
            settle();
        });
    }

    /**
     * What {@link io.clusterleader.ClusterLeader#verify} answers while this instance leads: at first yes. A no stands for a
     * record that was meddled with, which the leader has not noticed yet.
     *
     * @param answer the answer
     * @return this
     */
    public ControlledElection setVerified(boolean answer) {
        return change(() -> {
            verified = answer;
            verifyFailure = null;
        });
    }

    /**
     * Has {@link io.clusterleader.ClusterLeader#verify} throw, until {@link #setVerified}.
     *
     * @param message the message of its {@link ClusterLeaderException}
     * @return this
     */
    public ControlledElection failVerify(String message) {
        Objects.requireNonNull(message, "message");
        return change(() -> verifyFailure = message);
    }

    /**
     * What {@link io.clusterleader.Status#lastProblem()} shows, for health checks and dashboards: at first none.
     *
     * @param text the problem, or null for none
     * @return this
     */
    public ControlledElection setProblem(@Nullable String text) {
        return setProblem(text, Duration.ZERO);
    }

    /**
     * What {@link io.clusterleader.Status#lastProblem()} and {@link io.clusterleader.Status#problemDuration()} show.
     *
     * @param text the problem, or null for none
     * @param duration for how long it has been one; it does not grow
     * @return this
     */
    public ControlledElection setProblem(@Nullable String text, Duration duration) {
        Objects.requireNonNull(duration, "duration");
        return change(() -> {
            problem = text;
            problemDuration = text == null ? Duration.ZERO : duration;
        });
    }

    /**
     * Waits until all listeners of all elections have been told of everything that has happened, by this test or by the
     * code under test, what they brought about themselves included. Not to be called by a listener. What a listener hands to
     * a thread of its own is not waited for.
     *
     * @return this
     * @throws AssertionError if that takes more than 30 seconds, as when a listener does not return
     */
    public ControlledElection awaitListeners() {
        Stage.awaitListeners(LISTENERS_BOUND);
        return this;
    }

    // ---- what a test asks -------------------------------------------------------------------

    /**
     * Whether this instance leads: after {@link #becomeLeader()} only once something has joined and may lead.
     *
     * @return true if it leads
     */
    public boolean isLeading() {
        synchronized (Stage.class) {
            return leading;
        }
    }

    /**
     * The fencing token of this instance's term.
     *
     * @return the token, empty if it does not lead
     */
    public OptionalLong fencingToken() {
        synchronized (Stage.class) {
            return leading ? OptionalLong.of(token) : OptionalLong.empty();
        }
    }

    /**
     * The number of the record's term, this instance's or another's: the first is 0.
     *
     * @return the number, empty if there was none yet
     */
    public OptionalLong term() {
        synchronized (Stage.class) {
            return term < 0 ? OptionalLong.empty() : OptionalLong.of(term);
        }
    }

    /**
     * How this instance's last term in this test ended. {@link LostReason#STEPPED_DOWN} and {@link LostReason#STOPPED} say
     * that the code under test gave it back, by {@link io.clusterleader.ClusterLeader#stepDown()} or {@link
     * io.clusterleader.ClusterLeader#close()}.
     *
     * @return the reason, empty if no term has ended yet
     */
    public Optional<LostReason> lastLost() {
        synchronized (Stage.class) {
            return Optional.ofNullable(lastLost);
        }
    }

    /**
     * Who stands in this election at present: the shown name of each candidacy of this process, in the order in which they
     * were joined.
     *
     * @return the names; empty if nothing has joined, or all have been closed
     */
    public List<String> candidates() {
        return Stage.of(this).map(ControlledCandidacy::instanceName).collect(Collectors.toList());
    }

    /**
     * One line for people.
     *
     * @return the line
     */
    @Override
    public String toString() {
        synchronized (Stage.class) {
            return "ControlledElection[" + (name == null ? "all that no test names" : name) + ": "
                    + (leading ? "this instance leads" : wanted ? "this instance leads once it may"
                            : holder == Holder.ANOTHER ? another + " leads" : "nobody leads")
                    + ", candidates " + candidates() + "]";
        }
    }

    // ---- how it comes about: all under the stage's lock --------------------------------------

    private ControlledElection change(Runnable step) {
        Stage.change(() -> {
            control.checkControls(name, this);
            changed = true;
            step.run();
        });
        return this;
    }

    private void begin(Holder next) {
        holder = next;
        term++;
        token = Stage.nextToken();
    }

    private void endTerm(LostReason reason) {
        if (leading) {
            leading = false;
            lastLost = reason;
        }
    }

    /** Where a term may begin, and none can end but by its candidacies having moved to another election. */
    void settle() {
        settle(LostReason.DELETED);
    }

    /** Begins or ends our term as it must be by now, and has all candidacies see; {@code reason} is told if it ends. */
    void settle(LostReason reason) {
        settle(reason, null);
    }

    private void settle(LostReason reason, @Nullable ControlledCandidacy releasedBy) {
        List<ControlledCandidacy> own = Stage.of(this).collect(Collectors.toList());
        boolean leads = wanted && own.stream().anyMatch(ControlledCandidacy::mayLead);
        if (leads && !leading) {
            begin(Holder.THIS_INSTANCE);
            leading = true;
        } else if (leading && !leads) {
            endTerm(reason);
            leaveRecord(reason);
        }
        ControlledCandidacy leader = own.stream().filter(ControlledCandidacy::mayLead).findFirst().orElse(null);
        for (ControlledCandidacy candidacy : own) {
            boolean isSibling = releasedBy != null && releasedBy != candidacy;
            candidacy.see(view(candidacy, leader), isSibling ? LostReason.BLANKED : reason);
        }
    }

    /** What the record says once our term has ended for this reason. */
    private void leaveRecord(LostReason reason) {
        switch (reason) {
            case EXPIRED:
            case DRIVER_FAILED:
            case DUPLICATE_IDENTITY:
                break;
            case DELETED:
                term = -1;
                holder = Holder.NOBODY;
                break;
            default:
                holder = Holder.NOBODY;
        }
    }

    private View view(ControlledCandidacy candidacy, @Nullable ControlledCandidacy leader) {
        boolean leads = leading && candidacy.mayLead();
        if (holder == Holder.ANOTHER) {
            return new View(false, another, another + "_another", term, token, remaining);
        }
        if (holder == Holder.NOBODY) {
            return new View(false, null, null, term, token, remaining);
        }
        ControlledCandidacy named = leads || leader == null ? candidacy : leader;
        return new View(leads, named.instanceName(), named.identity(), term, token, remaining);
    }

    /** A candidacy gives leadership back. */
    void release(ControlledCandidacy by, LostReason reason) {
        changed = true;
        wanted = false;
        settle(reason, by);
    }

    boolean verify() {
        if (verifyFailure != null) {
            throw new ClusterLeaderException(verifyFailure);
        }
        return verified;
    }

    @Nullable String problem() {
        return problem;
    }

    Duration problemDuration() {
        return problemDuration;
    }

    /** As it was at first: a term that runs ends with its record. Nothing happens if nothing was changed. */
    void reset(boolean leadsAtFirst, boolean ledAtFirst) {
        if (!changed && leadsAtFirst == ledAtFirst) {
            return;
        }
        wanted = false;
        settle(LostReason.DELETED);
        holder = Holder.NOBODY;
        term = -1;
        remaining = Duration.ofNanos(Long.MAX_VALUE);
        verified = true;
        verifyFailure = null;
        problem = null;
        problemDuration = Duration.ZERO;
        lastLost = null;
        changed = false;
        wanted = leadsAtFirst;
        settle(LostReason.DELETED);
    }

    /** What a candidacy sees of an election. */
    static final class View {
        static final View NOTHING = new View(false, null, null, -1, 0, Duration.ZERO);

        private static final Duration RENEWED_BEFORE = Duration.ofMillis(1);

        final boolean leads;
        final @Nullable String leader;
        final @Nullable String leaderIdentity;
        final long term;
        final long token;
        private final Duration remaining;

        private View(
                boolean leads, @Nullable String leader, @Nullable String leaderIdentity, long term, long token, Duration remaining) {
            this.leads = leads;
            this.leader = leader;
            this.leaderIdentity = leaderIdentity;
            this.term = term;
            this.token = token;
            this.remaining = remaining;
        }

        /** Never as much as the whole renew deadline, of which some has always passed. */
        long leftNanos(Duration renewDeadline) {
            Duration most = renewDeadline.minus(RENEWED_BEFORE);
            return Math.max(1, (remaining.compareTo(most) < 0 ? remaining : most).toNanos());
        }
    }
}
