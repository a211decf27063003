package io.clusterleader.ticks;

import java.time.Clock;
import java.time.Duration;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.EventListener;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * An application of twenty scheduled jobs, of which several instances are run. Its profile says what is to see that each
 * tick is run once: {@code plain} (nothing), {@code sidecar}, {@code shedlock}, {@code quartz}, {@code db-scheduler},
 * {@code cluster-leader}.
 *
 * <p>It says {@code ready} on standard output when it is, and writes each run of a job into the file {@code ticks.record}.
 */
@SpringBootApplication
public class Ticks {
    /** Enough for all jobs at a time. */
    static final int THREADS = 25;

    /** For what is under way when the application is told to stop: the longest job, and some time. */
    static final Duration DRAIN = Duration.ofSeconds(20);

    public static void main(String[] arguments) {
        SpringApplication.run(Ticks.class, arguments);
    }

    /** Wrong by as much as the clocks of two hosts may be. */
    @Bean
    Clock clock(@Value("${ticks.skew:0s}") Duration skew) {
        return Clock.offset(Clock.systemUTC(), skew);
    }

    @Bean
    ThreadPoolTaskScheduler taskScheduler(Clock clock) {
        ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();
        scheduler.setClock(clock);
        scheduler.setPoolSize(THREADS);
        scheduler.setWaitForTasksToCompleteOnShutdown(true);
        scheduler.setAwaitTerminationSeconds((int) DRAIN.toSeconds());
        return scheduler;
    }

    @EventListener(ApplicationReadyEvent.class)
    void ready() {
        System.out.println("ready");
    }
}
