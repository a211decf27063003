package com.example.billing;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Sends invoices: twice would be embarrassing. */
@Component
class InvoiceJob {
    static final long PERIOD_MILLIS = 1_000;

    private static final Logger log = LoggerFactory.getLogger(InvoiceJob.class);

    private final JobRuns jobRuns;

    InvoiceJob(JobRuns jobRuns) {
        this.jobRuns = jobRuns;
    }

    @Scheduled(cron = "* * * * * *")
    void sendInvoices() {
        jobRuns.record("InvoiceJob", PERIOD_MILLIS);
        log.info("Sent the invoices");
    }
}
