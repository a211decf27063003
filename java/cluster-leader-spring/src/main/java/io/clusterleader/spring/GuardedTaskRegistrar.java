package io.clusterleader.spring;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.scheduling.config.CronTask;
import org.springframework.scheduling.config.FixedDelayTask;
import org.springframework.scheduling.config.FixedRateTask;
import org.springframework.scheduling.config.OneTimeTask;
import org.springframework.scheduling.config.ScheduledTask;
import org.springframework.scheduling.config.ScheduledTaskRegistrar;
import org.springframework.scheduling.config.Task;
import org.springframework.scheduling.config.TriggerTask;

/**
 * Has each task run guarded. Which job a task belongs to is known when it is registered; it is guarded when it is handed
 * to its scheduler, which may be much later: what kinds of tasks there are, and how they are made, differs in each line of
 * Spring, but not that a scheduler is given a {@link Runnable} first.
 */
class GuardedTaskRegistrar extends ScheduledTaskRegistrar {
    private final LeaderOnlyJobs jobs;
    private final Supplier<Guard> guard;
    private final Map<Task, Registration> registered = Collections.synchronizedMap(new IdentityHashMap<>());
    private final ThreadLocal<@Nullable Registration> registering = new ThreadLocal<>();
    private final ThreadLocal<@Nullable Registration> scheduling = new ThreadLocal<>();
    private @Nullable TaskScheduler unguarded;
    private @Nullable ScheduledExecutorService ofItsOwn;

    GuardedTaskRegistrar(LeaderOnlyJobs jobs, Supplier<Guard> guard) {
        this.jobs = jobs;
        this.guard = guard;
    }

    /**
     * Which job a task belongs to.
     *
     * @param guardsItself whether what it calls asks who leads
     */
    record Registration(LeaderOnlyJob job, boolean guardsItself) {}

    /** Whatever is registered by this belongs to that job. */
    void with(Registration registration, Runnable registers) {
        registering.set(registration);
        try {
            registers.run();
        } finally {
            registering.remove();
        }
    }

    // ---- the scheduler --------------------------------------------------------------------------

    @Override
    public void setTaskScheduler(TaskScheduler taskScheduler) {
        unguarded = taskScheduler;
        super.setTaskScheduler((TaskScheduler) Proxy.newProxyInstance(TaskScheduler.class.getClassLoader(),
                new Class<?>[] {TaskScheduler.class}, (proxy, method, arguments) -> call(taskScheduler, method, arguments)));
    }

    @Override
    public void setScheduler(@Nullable Object scheduler) {
        super.setScheduler(scheduler); // Makes a TaskScheduler of whatever it is.
        TaskScheduler made = super.getScheduler();
        if (made != null) {
            setTaskScheduler(made);
        }
    }

    /** The one that was set. */
    @Override
    public @Nullable TaskScheduler getScheduler() {
        return unguarded;
    }

    @Override
    protected void scheduleTasks() {
        if (unguarded == null) { // Else Spring would make one here that nobody sees.
            ofItsOwn = Executors.newSingleThreadScheduledExecutor();
            setScheduler(ofItsOwn);
        }
        super.scheduleTasks();
    }

    @Override
    public void destroy() {
        super.destroy();
        if (ofItsOwn != null) {
            ofItsOwn.shutdownNow();
        }
    }

    private @Nullable Object call(TaskScheduler scheduler, Method method, Object @Nullable [] arguments) throws Throwable {
        Registration registration = scheduling.get();
        // A further schedule of what is called by others has no ticks of its own: its calls could not be told apart.
        boolean isFirst = registration != null && (!registration.guardsItself || registration.job.ticks() == null);
        if (isFirst && arguments != null && arguments[0] instanceof Runnable task) {
            return schedule(registration, scheduler, method, arguments, task);
        }
        return AopUtils.invokeJoinpointUsingReflection(scheduler, method, arguments);
    }

    private @Nullable Object schedule(
            Registration registration, TaskScheduler scheduler, Method method, @Nullable Object[] arguments, Runnable task) throws Throwable {
        LeaderOnlyJob job = registration.job;
        Schedule schedule = Timetable.schedule(method, arguments);
        Ticks ticks = new Ticks(job, schedule, guard.get());
        job.hasTicks(ticks);
        Runnable guarded = registration.guardsItself ? task
                : schedule instanceof Schedule.Once ? new GuardedTask.Once(guard, job, task, ticks) : new GuardedTask(guard, job, task);
        return Timetable.schedule(scheduler, method, arguments, guarded, ticks);
    }

    // ---- tasks ----------------------------------------------------------------------------------

    private <T extends Task> @Nullable ScheduledTask scheduling(T task, Supplier<@Nullable ScheduledTask> schedule) {
        Registration now = registering.get();
        scheduling.set(registered.computeIfAbsent(
                task, each -> now != null ? now : new Registration(jobs.scheduled(task.getRunnable()), false)));
        try {
            return schedule.get();
        } finally {
            scheduling.remove();
        }
    }

    @Override
    public @Nullable ScheduledTask scheduleTriggerTask(TriggerTask task) {
        return scheduling(task, () -> super.scheduleTriggerTask(task));
    }

    @Override
    public @Nullable ScheduledTask scheduleCronTask(CronTask task) {
        return scheduling(task, () -> super.scheduleCronTask(task));
    }

    @Override
    public @Nullable ScheduledTask scheduleFixedRateTask(FixedRateTask task) {
        return scheduling(task, () -> super.scheduleFixedRateTask(task));
    }

    @Override
    public @Nullable ScheduledTask scheduleFixedDelayTask(FixedDelayTask task) {
        return scheduling(task, () -> super.scheduleFixedDelayTask(task));
    }

    /** For Spring from 6.1 on: before, there is no such task, and nothing that names it may be loaded. */
    static final class WithOneTimeTasks extends GuardedTaskRegistrar {
        WithOneTimeTasks(LeaderOnlyJobs jobs, Supplier<Guard> guard) {
            super(jobs, guard);
        }

        @Override
        public @Nullable ScheduledTask scheduleOneTimeTask(OneTimeTask task) {
            return super.scheduling(task, () -> super.scheduleOneTimeTask(task));
        }
    }
}
