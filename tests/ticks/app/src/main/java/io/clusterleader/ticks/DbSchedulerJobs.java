package io.clusterleader.ticks;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerBuilder;
import com.github.kagkarlsson.scheduler.SchedulerName;
import com.github.kagkarlsson.scheduler.task.helper.RecurringTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.github.kagkarlsson.scheduler.task.schedule.Schedule;
import com.github.kagkarlsson.scheduler.task.schedule.Schedules;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.context.event.EventListener;

/** db-scheduler. It has no fixed rate: those jobs have a fixed delay. */
@Configuration
@Profile("db-scheduler")
class DbSchedulerJobs {
    @Bean(destroyMethod = "stop")
    Scheduler scheduler(DataSource dataSource, Clock clock, Runs runs, @Value("${HOSTNAME}") String host) {
        List<Job> jobs = Job.all(Job.Kind.DELAY, Job.Kind.DELAY);
        jobs.forEach(runs::declare);
        List<RecurringTask<Void>> tasks = jobs.stream().map(job -> task(job, runs)).toList();
        return new WithClock(dataSource, clock)
                .startTasks(tasks)
                .threads(Ticks.THREADS)
                .schedulerName(new SchedulerName.Fixed(host))
                // By default ten seconds, for jobs that are due each second at most; and dead after half an hour.
                .pollingInterval(Duration.ofMillis(100))
                .heartbeatInterval(Duration.ofSeconds(1))
                .missedHeartbeatsLimit(4)
                .shutdownMaxWait(Ticks.DRAIN)
                .build();
    }

    private static RecurringTask<Void> task(Job job, Runs runs) {
        Schedule schedule = job.kind() == Job.Kind.CRON
                ? Schedules.cron(job.cron(), ZoneOffset.UTC)
                : Schedules.fixedDelay(job.period());
        return Tasks.recurring(job.name(), schedule).execute((instance, context) -> runs.run(job.name()));
    }

    /** The builder lets subclasses alone say which clock. */
    private static final class WithClock extends SchedulerBuilder {
        WithClock(DataSource dataSource, Clock clock) {
            super(dataSource, List.of());
            this.clock = clock::instant;
        }
    }

    /** Starts it when all else is there. */
    @Configuration
    @Profile("db-scheduler")
    static class Start {
        private final Scheduler scheduler;

        Start(Scheduler scheduler) {
            this.scheduler = scheduler;
        }

        @EventListener(ApplicationReadyEvent.class)
        void start() {
            scheduler.start();
        }
    }
}
