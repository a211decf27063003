package io.clusterleader.spring;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
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
    /** Empty for those that are guarded elsewhere. */
    private final Map<Task, Optional<LeaderOnlyJob>> jobsByTask = Collections.synchronizedMap(new IdentityHashMap<>());
    private final ThreadLocal<@Nullable Optional<LeaderOnlyJob>> registering = new ThreadLocal<>();
    private final ThreadLocal<@Nullable Optional<LeaderOnlyJob>> scheduling = new ThreadLocal<>();
    private @Nullable TaskScheduler unguarded;
    private @Nullable ScheduledExecutorService ofItsOwn;

    GuardedTaskRegistrar(LeaderOnlyJobs jobs, Supplier<Guard> guard) {
        this.jobs = jobs;
        this.guard = guard;
    }

    /** Whatever is registered by this belongs to that job. */
    void with(Optional<LeaderOnlyJob> job, Runnable registration) {
        registering.set(job);
        try {
            registration.run();
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
        Optional<LeaderOnlyJob> job = scheduling.get();
        if (job != null && job.isPresent() && arguments != null && arguments[0] instanceof Runnable task) {
            arguments[0] = guarded(job.get(), task, method, scheduler);
        }
        try {
            return method.invoke(scheduler, arguments);
        } catch (InvocationTargetException failure) {
            throw failure.getTargetException();
        }
    }

    private GuardedTask guarded(LeaderOnlyJob job, Runnable task, Method method, TaskScheduler scheduler) {
        boolean isOnce = method.getName().equals("schedule") && method.getParameterTypes()[1] == Instant.class;
        return isOnce
                ? new GuardedTask.Once(guard, job, task, again -> scheduler.schedule(again, Instant.now()))
                : new GuardedTask(guard, job, task);
    }

    // ---- tasks ----------------------------------------------------------------------------------

    private <T extends Task> @Nullable ScheduledTask scheduling(T task, Supplier<@Nullable ScheduledTask> schedule) {
        Optional<LeaderOnlyJob> registered = registering.get();
        scheduling.set(jobsByTask.computeIfAbsent(
                task, each -> registered != null ? registered : Optional.of(jobs.scheduled(task.getRunnable()))));
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
