package io.clusterleader.spring;

import io.clusterleader.Election;
import java.time.Duration;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How an application stands in its elections. A bean of this type takes the place of the defaults; the Spring Boot starter
 * makes one from the properties {@code cluster-leader.*}.
 */
public class ClusterLeaderSettings {
    private @Nullable String election;
    private UnaryOperator<Election> details = UnaryOperator.identity();
    private boolean scheduledLeaderOnly;
    private boolean readyAtStart = true;
    private boolean interruptOnLoss;
    private Duration drainTimeout = Duration.ofSeconds(20);
    private Delivery delivery = Delivery.AT_LEAST_ONCE;
    private Misfire misfire = Misfire.RUN_ONCE;
    private Duration misfireThreshold = Duration.ofHours(1);

    /** The defaults. */
    public ClusterLeaderSettings() {}

    /**
     * Names the election of the application. Without it, the property {@code cluster-leader.election} and the environment
     * do.
     *
     * @param election the name of the Lease
     */
    public void setElection(@Nullable String election) {
        this.election = election;
    }

    /**
     * What else is to be said of each election of the application, for example {@code election ->
     * election.leaseDuration(Duration.ofSeconds(30))}.
     *
     * @param details returns the election with more settings
     */
    public void setDetails(UnaryOperator<Election> details) {
        this.details = Objects.requireNonNull(details, "details");
    }

    /**
     * Whether every scheduled job runs on the leader only, but those with {@link EveryInstance}. By default those with
     * {@link LeaderOnly} do.
     *
     * @param scheduledLeaderOnly whether all do
     */
    public void setScheduledLeaderOnly(boolean scheduledLeaderOnly) {
        this.scheduledLeaderOnly = scheduledLeaderOnly;
    }

    /**
     * Whether this instance may lead as soon as the application context has started. Else it may once {@link
     * Elections#ready()} was called. By default it may.
     *
     * @param readyAtStart whether it may
     */
    public void setReadyAtStart(boolean readyAtStart) {
        this.readyAtStart = readyAtStart;
    }

    /**
     * Whether the threads of leader-only work that is under way are interrupted when leadership is lost. By default not:
     * such work may ask {@link ClusterLeaderService#isThisInstanceLeader()} as it goes along.
     *
     * @param interruptOnLoss whether they are
     */
    public void setInterruptOnLoss(boolean interruptOnLoss) {
        this.interruptOnLoss = interruptOnLoss;
    }

    /**
     * How long leader-only work may go on after the application was told to stop, before it is interrupted. Leadership is
     * given back as soon as the last of it has ended. By default 20 seconds.
     *
     * @param drainTimeout the longest time; zero interrupts at once
     */
    public void setDrainTimeout(Duration drainTimeout) {
        if (drainTimeout.isNegative()) {
            throw new IllegalArgumentException("drainTimeout: " + drainTimeout + " is negative. Use zero to interrupt at once.");
        }
        this.drainTimeout = drainTimeout;
    }

    /**
     * What a scheduled job is promised whose leader crashes, where {@link ScheduledDelivery} does not say otherwise. By default
     * at least once.
     *
     * @param delivery the promise
     */
    public void setDelivery(Delivery delivery) {
        this.delivery = Objects.requireNonNull(delivery, "delivery");
    }

    /**
     * What becomes of ticks that were due while no instance led, where {@link ScheduledDelivery} does not say otherwise. By
     * default one run catches them up.
     *
     * @param misfire what
     */
    public void setMisfire(Misfire misfire) {
        this.misfire = Objects.requireNonNull(misfire, "misfire");
    }

    /**
     * How long ago a tick may have been due and still be caught up, where {@link ScheduledDelivery} does not say otherwise.
     * What is older is let go: after a weekend without an instance, the jobs of the nights do not all start in the morning. By
     * default one hour.
     *
     * @param misfireThreshold the longest time
     */
    public void setMisfireThreshold(Duration misfireThreshold) {
        if (misfireThreshold.isNegative()) {
            throw new IllegalArgumentException(
                    "misfireThreshold: " + misfireThreshold + " is negative. Use Misfire.SKIP to catch up nothing.");
        }
        this.misfireThreshold = misfireThreshold;
    }

    /** The election of this name; of the application's own for the empty name. */
    Election election(String name) {
        Election named = !name.isEmpty() ? Election.named(name) : election != null ? Election.named(election) : Election.configured();
        return details.apply(named).waitUntilReady(true);
    }

    /**
     * Whether a job runs on the leader only, by its annotations or by {@link #setScheduledLeaderOnly(boolean)}.
     *
     * @param job the job
     * @return false if it runs on every instance
     */
    public boolean isLeaderOnly(LeaderOnlyJob job) {
        return switch (job.rule().where()) {
            case LEADER_ONLY -> true;
            case EVERY_INSTANCE -> false;
            case UNSAID -> scheduledLeaderOnly;
        };
    }

    boolean isReadyAtStart() {
        return readyAtStart;
    }

    boolean isInterruptOnLoss() {
        return interruptOnLoss;
    }

    Duration drainTimeout() {
        return drainTimeout;
    }

    Delivery delivery(LeaderOnlyJob job) {
        return Objects.requireNonNullElse(job.delivery().delivery(), delivery);
    }

    Misfire misfire(LeaderOnlyJob job) {
        return Objects.requireNonNullElse(job.delivery().misfire(), misfire);
    }

    Duration misfireThreshold(LeaderOnlyJob job) {
        return Objects.requireNonNullElse(job.delivery().misfireThreshold(), misfireThreshold);
    }
}
