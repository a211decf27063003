package com.example.billing;

import io.clusterleader.spring.ClusterLeaderService;
import io.clusterleader.spring.EveryInstance;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Deletes what nobody needs any more. It runs everywhere, and asks by itself who leads. */
@Component
class CleanUpJob {
    static final long PERIOD_MILLIS = 5_000;

    private static final Logger log = LoggerFactory.getLogger(CleanUpJob.class);

    private final ClusterLeaderService clusterLeaderService;
    private final JobRuns jobRuns;

    CleanUpJob(ClusterLeaderService clusterLeaderService, JobRuns jobRuns) {
        this.clusterLeaderService = clusterLeaderService;
        this.jobRuns = jobRuns;
    }

    @EveryInstance
    @Scheduled(cron = "*/5 * * * * *")
    void cleanUp() {
        if (!clusterLeaderService.isThisInstanceLeader()) {
            log.info("This node is not the cluster leader so won't execute the job");
            return;
        }
        jobRuns.record("CleanUpJob", PERIOD_MILLIS);
        log.info("Cleaned up");
    }
}
