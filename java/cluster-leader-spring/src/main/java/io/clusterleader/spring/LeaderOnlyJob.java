package io.clusterleader.spring;

import java.lang.reflect.Method;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;

/**
 * Something that runs on the leader only, or might, and how often it did: a {@code @Scheduled} method, a task of a {@code
 * SchedulingConfigurer}, or a method with {@link LeaderOnly}. For people and for monitoring.
 *
 * <p>Everything may be called from any thread.
 */
public final class LeaderOnlyJob {
    private final String id;
    private final @Nullable Method method;
    private final Rule rule;
    private final DeliveryRule delivery;
    private final LongAdder runs = new LongAdder();
    private final LongAdder skipped = new LongAdder();
    private final LongAdder caughtUp = new LongAdder();
    private final LongAdder missed = new LongAdder();
    private final LongAdder avoidedDoubles = new LongAdder();
    private final AtomicBoolean skippedBefore = new AtomicBoolean();
    private volatile @Nullable Instant lastStart;
    private volatile @Nullable Instant lastEnd;
    private volatile @Nullable Ticks ticks;

    LeaderOnlyJob(String id, @Nullable Method method, Rule rule, DeliveryRule delivery) {
        this.id = id;
        this.method = method;
        this.rule = rule;
        this.delivery = delivery;
    }

    /**
     * What it is: {@code com.example.InvoiceJob#send}, or what {@link ScheduledDelivery#id()} says, with {@code @2} and so on
     * for further ones of the same method. The same on every instance of an application.
     *
     * @return the id
     */
    public String id() {
        return id;
    }

    /**
     * The election that decides.
     *
     * @return its name; empty for the election of the application
     */
    public String election() {
        return rule.election();
    }

    /**
     * How often it ran here.
     *
     * @return how many runs have begun
     */
    public long runs() {
        return runs.sum();
    }

    /**
     * How often it did not run here, as this instance did not lead or was about to stop.
     *
     * @return how many runs were left out
     */
    public long skipped() {
        return skipped.sum();
    }

    /**
     * When it last began here.
     *
     * @return the wall clock's time then; empty if it never did
     */
    public Optional<Instant> lastStart() {
        return Optional.ofNullable(lastStart);
    }

    /**
     * When it last ended here, whichever way.
     *
     * @return the wall clock's time then; empty if it never did
     */
    public Optional<Instant> lastEnd() {
        return Optional.ofNullable(lastEnd);
    }

    /**
     * How often a run here caught up what had become due while no instance led, or repeated what another had not ended.
     *
     * @return how many runs did
     */
    public long caughtUp() {
        return caughtUp.sum();
    }

    /**
     * How many ticks this instance let go, when it began to lead: they were due while no instance led, longer ago than the
     * misfire threshold, or the job skips such ones.
     *
     * @return how many ticks nobody runs
     */
    public long missed() {
        return missed.sum();
    }

    /**
     * How often this instance did not run a tick that was run already: by another instance whose clock is ahead, or shortly
     * before.
     *
     * @return how many ticks were run by then
     */
    public long avoidedDoubles() {
        return avoidedDoubles.sum();
    }

    Rule rule() {
        return rule;
    }

    DeliveryRule delivery() {
        return delivery;
    }

    /** Null of what is not scheduled. */
    @Nullable Ticks ticks() {
        return ticks;
    }

    void hasTicks(Ticks scheduled) {
        ticks = scheduled;
    }

    /**
     * When it next runs, if this instance leads then.
     *
     * @return the instant, by the clock of its scheduler; empty if never, or if it is not scheduled
     */
    public Optional<Instant> nextTick() {
        Ticks scheduled = ticks;
        return scheduled == null ? Optional.empty() : scheduled.nextTick();
    }

    /**
     * Its last tick, whichever instance ran it, as the ledger of the election says: its planned instant, or when it began.
     *
     * @return the instant; empty if it is not known
     */
    public Optional<Instant> lastTick() {
        Ticks scheduled = ticks;
        return scheduled == null ? Optional.empty() : scheduled.lastTick();
    }

    void hasCaughtUp() {
        caughtUp.increment();
    }

    void missed(long ticks) {
        missed.add(ticks);
    }

    void avoidedDouble() {
        avoidedDoubles.increment();
    }

    /** Whether a call of this method is a call of this job. */
    boolean isOf(Method called, Class<?> targetClass) {
        return method != null && method.equals(AopUtils.getMostSpecificMethod(called, targetClass));
    }

    void began() {
        runs.increment();
        lastStart = Instant.now();
    }

    void ended() {
        lastEnd = Instant.now();
    }

    /** Whether it is the first time. */
    boolean wasSkipped() {
        skipped.increment();
        return !skippedBefore.getAndSet(true);
    }

    @Override
    public String toString() {
        return id;
    }
}
