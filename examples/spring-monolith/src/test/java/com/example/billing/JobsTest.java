package com.example.billing;

import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import org.junit.jupiter.api.Test;

class JobsTest {
    private final ClusterLeaderService clusterLeaderService = mock();
    private final JobRuns jobRuns = mock();

    @Test
    void theLeaderRunsItsJobs() {
        when(clusterLeaderService.isThisInstanceLeader()).thenReturn(true);
        runAll();
        verify(jobRuns).record("InvoiceJob", 1_000);
        verify(jobRuns).record("ReminderMailJob", 2_000);
        verify(jobRuns).record("CleanUpJob", 5_000);
    }

    @Test
    void theOthersDoNot() {
        when(clusterLeaderService.isThisInstanceLeader()).thenReturn(false);
        runAll();
        verify(jobRuns, never()).record(any(), anyLong());
    }

    private void runAll() {
        new InvoiceJob(clusterLeaderService, jobRuns).sendInvoices();
        new ReminderMailJob(clusterLeaderService, jobRuns).sendReminders();
        new CleanUpJob(clusterLeaderService, jobRuns).cleanUp();
    }
}
