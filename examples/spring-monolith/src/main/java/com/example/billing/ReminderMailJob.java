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

    private final ClusterLeaderService clusterLeaderService;
    private final JobRuns jobRuns;

    ReminderMailJob(ClusterLeaderService clusterLeaderService, JobRuns jobRuns) {
        this.clusterLeaderService = clusterLeaderService;
        this.jobRuns = jobRuns;
    }

    @Scheduled(fixedRate = PERIOD_MILLIS)
    void sendReminders() {
        if (!clusterLeaderService.isThisInstanceLeader()) {
            log.info("This node is not the cluster leader so won't execute the job");
            return;
        }
        jobRuns.record("ReminderMailJob", PERIOD_MILLIS);
        log.info("Sent the reminders");
    }
}
