package io.clusterleader.spring.observability;

import io.clusterleader.spring.LeaderOnlyJob;
import io.clusterleader.spring.LeaderOnlyJobs;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.aot.AotDetector;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

/** Runs until its job has run or was skipped, whichever its first argument says, and says what became of it. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableScheduling
public class AotApplication {
    public static void main(String[] arguments) throws InterruptedException {
        try (ConfigurableApplicationContext context = SpringApplication.run(AotApplication.class, arguments)) {
            Job job = context.getBean(Job.class);
            LeaderOnlyJob guarded = context.getBean(LeaderOnlyJobs.class).all().get(0);
            boolean untilSkipped = arguments[0].equals("skipped");
            while (untilSkipped ? guarded.skipped() == 0 : job.runs.get() == 0) {
                Thread.sleep(10);
            }
            System.out.println("ahead of time: " + AotDetector.useGeneratedArtifacts() + ", ran: " + job.runs.get()
                    + ", counted: " + guarded.runs() + ", skipped: " + guarded.skipped());
        }
    }

    @Bean
    Job job() {
        return new Job();
    }

    static class Job {
        private final AtomicInteger runs = new AtomicInteger();

        @Scheduled(initialDelay = 500, fixedDelay = 50)
        void run() {
            runs.incrementAndGet();
        }
    }
}
