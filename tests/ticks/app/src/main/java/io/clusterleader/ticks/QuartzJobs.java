package io.clusterleader.ticks;

import java.util.List;
import org.quartz.CronScheduleBuilder;
import org.quartz.DisallowConcurrentExecution;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.ScheduleBuilder;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.springframework.boot.autoconfigure.quartz.SchedulerFactoryBeanCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.scheduling.quartz.QuartzJobBean;

/** Quartz, clustered. It has no fixed delay: those jobs have a fixed rate. Nor can it be given a clock. */
@Configuration
@Profile("quartz")
class QuartzJobs {
    @Bean
    SchedulerFactoryBeanCustomizer jobs(Runs runs) {
        List<Job> jobs = Job.all(Job.Kind.RATE, Job.Kind.RATE);
        jobs.forEach(runs::declare);
        List<JobDetail> details = jobs.stream().map(QuartzJobs::detail).toList();
        return factory -> {
            factory.setJobDetails(details.toArray(JobDetail[]::new));
            factory.setTriggers(jobs.stream().map(QuartzJobs::trigger).toArray(Trigger[]::new));
        };
    }

    private static JobDetail detail(Job job) {
        return JobBuilder.newJob(RunJob.class).withIdentity(job.name()).storeDurably().build();
    }

    private static Trigger trigger(Job job) {
        ScheduleBuilder<?> schedule = job.kind() == Job.Kind.CRON
                ? CronScheduleBuilder.cronSchedule(job.isLong() ? "*/5 * * * * ?" : "* * * * * ?")
                : SimpleScheduleBuilder.simpleSchedule()
                        .withIntervalInMilliseconds(job.period().toMillis())
                        .repeatForever();
        return TriggerBuilder.newTrigger().forJob(job.name()).withIdentity(job.name()).withSchedule(schedule).build();
    }

    /** Made anew for each run. */
    @DisallowConcurrentExecution
    static class RunJob extends QuartzJobBean {
        private final Runs runs;

        RunJob(Runs runs) {
            this.runs = runs;
        }

        @Override
        protected void executeInternal(JobExecutionContext context) {
            runs.run(context.getJobDetail().getKey().getName());
        }
    }
}
