package io.clusterleader.spring;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.SchedulingAwareRunnable;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.scheduling.Trigger;
import org.springframework.scheduling.TriggerContext;
import org.springframework.scheduling.support.CronTrigger;

/**
 * How a job stands with its scheduler, which fires it on every instance: when that was planned, and by which clock. A job
 * of a fixed rate or delay can be moved, so that it goes on in step with whoever led before.
 */
final class Timetable {
    private static final Log log = LogFactory.getLog(Timetable.class);

    private final TaskScheduler scheduler;
    /** What was to be scheduled. */
    private final Runnable task;
    /** The same, guarded. */
    private final Runnable guarded;
    private final Ticks ticks;
    private final Queue<Instant> planned = new ConcurrentLinkedQueue<>();
    private volatile Clock clock;
    private volatile boolean fired;
    private volatile @Nullable ScheduledFuture<?> future;

    private Timetable(TaskScheduler scheduler, Runnable task, Runnable guarded, Ticks ticks) {
        this.scheduler = scheduler;
        this.task = task;
        this.guarded = guarded;
        this.ticks = ticks;
        this.clock = scheduler.getClock();
    }

    /** The schedule that a scheduler is asked for by this call. */
    static Schedule schedule(Method method, @Nullable Object[] arguments) {
        if (arguments[1] instanceof CronTrigger cron) {
            return new Schedule.Planned(cron.toString(), new PlannedInstants(cron));
        }
        if (arguments[1] instanceof Trigger) {
            return new Schedule.Custom("trigger");
        }
        return switch (method.getName()) {
            case "scheduleAtFixedRate" -> new Schedule.FixedRate(period(arguments));
            case "scheduleWithFixedDelay" -> new Schedule.FixedDelay(period(arguments));
            default -> new Schedule.Once();
        };
    }

    private static Duration period(@Nullable Object[] arguments) {
        Object last = arguments[arguments.length - 1];
        return last instanceof Duration duration ? duration : Duration.ofMillis((Long) last);
    }

    /** Schedules, as that call does, its task guarded, and tells the ticks of it. */
    static @Nullable Object schedule(
            TaskScheduler scheduler, Method method, @Nullable Object[] arguments, Runnable guarded, Ticks ticks) throws Throwable {
        Timetable timetable = new Timetable(scheduler, (Runnable) arguments[0], guarded, ticks);
        arguments[0] = timetable.new Firing(null, false);
        if (arguments[1] instanceof Trigger trigger) {
            arguments[1] = timetable.noting(trigger);
        } else if (!(ticks.schedule() instanceof Schedule.Once)) {
            timetable.learnClock();
        }
        return ticks.schedule(timetable, () -> timetable.ask(method, arguments));
    }

    private @Nullable Object ask(Method method, @Nullable Object[] arguments) throws Throwable {
        Object scheduled = AopUtils.invokeJoinpointUsingReflection(scheduler, method, arguments);
        future = scheduled instanceof ScheduledFuture<?> asked ? asked : null;
        return future == null ? scheduled : new Movable();
    }

    /** One that notes what it plans, and by which clock; null plans nothing. */
    private Trigger noting(@Nullable Trigger trigger) {
        return (Trigger) Proxy.newProxyInstance(Trigger.class.getClassLoader(), new Class<?>[] {Trigger.class}, (proxy, method, arguments) -> {
            Object answer = trigger == null ? null : AopUtils.invokeJoinpointUsingReflection(trigger, method, arguments);
            if (arguments != null && arguments.length == 1 && arguments[0] instanceof TriggerContext context) {
                clock = context.getClock();
                Instant instant = PlannedInstants.instant(answer);
                if (instant != null) {
                    planned.add(instant);
                }
            }
            return answer;
        });
    }

    /** A router of Spring's does not tell the clock of the scheduler that it chooses. A trigger is told, even one that never fires. */
    private void learnClock() {
        scheduler.schedule(new Firing(null, false), noting(null));
    }

    Instant now() {
        return clock.instant();
    }

    /** When it fires next; null if never. */
    @Nullable Instant next() {
        ScheduledFuture<?> known = future;
        Instant noted = planned.peek();
        if (noted != null) {
            return noted;
        }
        return known == null || known.isDone() ? null : now().plusNanos(known.getDelay(TimeUnit.NANOSECONDS));
    }

    /** Fires once more, now, for that instant. */
    void fireNow(@Nullable Instant instant) {
        unlessStopping(() -> scheduler.schedule(new Firing(instant, true), now()));
    }

    private void unlessStopping(Runnable request) {
        try {
            request.run();
        } catch (TaskRejectedException stopping) {
            log.debug("Not scheduled any more: " + task, stopping); // The next leader goes on.
        }
    }

    /** Has it fire so long from now, and go on from there; not before its initial delay is over. */
    void move(Duration from) {
        ScheduledFuture<?> before = future;
        boolean isMovable = ticks.schedule() instanceof Schedule.FixedRate || ticks.schedule() instanceof Schedule.FixedDelay;
        if (!isMovable || before == null || before.isCancelled()) {
            return;
        }
        Duration initial = fired ? Duration.ZERO : Duration.ofNanos(Math.max(0, before.getDelay(TimeUnit.NANOSECONDS)));
        Instant start = now().plus(from.compareTo(initial) > 0 ? from : initial);
        before.cancel(false);
        if (ticks.schedule() instanceof Schedule.FixedRate rate) {
            unlessStopping(() -> future = scheduler.scheduleAtFixedRate(new Firing(null, false), start, rate.period()));
        } else if (ticks.schedule() instanceof Schedule.FixedDelay fixed) {
            unlessStopping(() -> future = scheduler.scheduleWithFixedDelay(new Firing(null, false), start, fixed.delay()));
        }
    }

    @Override
    public String toString() {
        return task.toString();
    }

    /** What the scheduler is given. */
    private final class Firing implements SchedulingAwareRunnable {
        private final @Nullable Instant instant;
        private final boolean catchesUp;

        private Firing(@Nullable Instant instant, boolean catchesUp) {
            this.instant = instant;
            this.catchesUp = catchesUp;
        }

        @Override
        public void run() {
            fired = true;
            ticks.fire(new Ticks.Tick(catchesUp ? instant : planned.poll(), catchesUp), guarded);
        }

        @Override
        public boolean isLongLived() {
            return task instanceof SchedulingAwareRunnable aware && aware.isLongLived();
        }

        /** Which scheduler runs it (since Spring 6.1). */
        @Override
        public @Nullable String getQualifier() {
            return task instanceof SchedulingAwareRunnable aware ? aware.getQualifier() : null;
        }

        @Override
        public String toString() {
            return task.toString();
        }
    }

    /** What is scheduled now, wherever it was moved to. */
    private final class Movable implements ScheduledFuture<Object> {
        private ScheduledFuture<?> now() {
            ScheduledFuture<?> known = future;
            if (known == null) {
                throw new IllegalStateException("not scheduled: " + task);
            }
            return known;
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return now().getDelay(unit);
        }

        @Override
        public int compareTo(Delayed other) {
            return now().compareTo(other);
        }

        @Override
        public boolean cancel(boolean interrupt) {
            synchronized (ticks) { // Else it might be moved at the same time.
                return now().cancel(interrupt);
            }
        }

        @Override
        public boolean isCancelled() {
            return now().isCancelled();
        }

        @Override
        public boolean isDone() {
            return now().isDone();
        }

        @Override
        public @Nullable Object get() throws InterruptedException, ExecutionException {
            return now().get();
        }

        @Override
        public @Nullable Object get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
            return now().get(timeout, unit);
        }
    }
}
