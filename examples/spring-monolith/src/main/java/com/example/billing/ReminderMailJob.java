package com.example.billing;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Reminds customers who have not paid. */
@Component
class ReminderMailJob {
    static final long PERIOD_MILLIS = 2_000;

    private static final Logger log = LoggerFactory.getLogger(ReminderMailJob.class);

    private final JobRuns jobRuns;

    ReminderMailJob(JobRuns jobRuns) {
        this.jobRuns = jobRuns;
    }

    @Scheduled(cron = "*/2 * * * * *")
    void sendReminders() {
        jobRuns.record("ReminderMailJob", PERIOD_MILLIS);
        log.info("Sent the reminders");
    }
}
