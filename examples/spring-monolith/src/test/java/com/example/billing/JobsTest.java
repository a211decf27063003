package com.example.billing;

import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import io.clusterleader.spring.ClusterLeaderService;
import org.junit.jupiter.api.Test;

class JobsTest {
    private final ClusterLeaderService clusterLeaderService = mock();
    private final JobRuns jobRuns = mock();
    private final CleanUpJob job = new CleanUpJob(clusterLeaderService, jobRuns);

    @Test
    void theLeaderCleansUp() {
        when(clusterLeaderService.isThisInstanceLeader()).thenReturn(true);
        job.cleanUp();
        verify(jobRuns).record("CleanUpJob", 5_000);
    }

    @Test
    void theOthersDoNot() {
        when(clusterLeaderService.isThisInstanceLeader()).thenReturn(false);
        job.cleanUp();
        verify(jobRuns, never()).record(any(), anyLong());
    }
}
