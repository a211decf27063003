package com.example.billing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.scheduling.annotation.Scheduled;

class ShutdownTest {
    @Test
    void aJobUnderWayEndsAndStillFindsTheDatabase() throws InterruptedException {
        ConfigurableApplicationContext application = new SpringApplicationBuilder(BillingApplication.class, LongJob.class)
                .properties("spring.datasource.url=jdbc:h2:mem:shutdown", "cluster-leader.election=shutdown")
                .run();
        LongJob job = application.getBean(LongJob.class);
        assertThat(job.started.await(30, TimeUnit.SECONDS)).isTrue();
        application.close();
        assertThat(job.ended).isTrue();
    }

    /** Ends a while after the application was told to. */
    static class LongJob {
        private final CountDownLatch started = new CountDownLatch(1);
        private final CountDownLatch stopping = new CountDownLatch(1);
        private final JobRuns jobRuns;
        private volatile boolean ended;

        LongJob(JobRuns jobRuns) {
            this.jobRuns = jobRuns;
        }

        @Scheduled(fixedDelay = 100)
        void run() throws InterruptedException {
            started.countDown();
            stopping.await();
            Thread.sleep(500);
            jobRuns.record("LongJob", 1);
            ended = true;
        }

        @EventListener(ContextClosedEvent.class)
        void stopping() {
            stopping.countDown();
        }
    }
}
