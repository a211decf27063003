package io.clusterleader.spring.lines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.clusterleader.spring.EveryInstance;
import io.clusterleader.spring.LeaderOnly;
import io.clusterleader.spring.LeaderOnlyJob;
import io.clusterleader.spring.LeaderOnlyJobs;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What can be scheduled from Spring 6.1 on. */
class Spring61GuardTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @Test
    void everyKindOfScheduledJobRunsOnTheLeaderOnly() throws InterruptedException {
        ScheduledGuardTest.jobsRunOnTheLeaderOnly("kinds-since-6-1",
                List.of("mono", "flux, delayed", "leader-only mono", "other scheduler", "once"),
                List.of("mono of every instance"), Jobs.class, ScheduledGuardTest.Auto.class);
    }

    @Test
    void whatIsDueOnceIsKeptUntilThisInstanceLeadsAndThenRunsOnce() throws InterruptedException {
        ConfigurableApplicationContext application;
        try (Rival rival = Rival.leading("once")) {
            application = ScheduledGuardTest.start("once", "true", Jobs.class, ScheduledGuardTest.Auto.class);
            LeaderOnlyJob once = job(application, "Blocking#once");
            await().atMost(LONG).until(() -> once.skipped() == 1);
        }
        try (application) {
            Ran ran = application.getBean(Ran.class);
            await().atMost(LONG).until(() -> ran.times("once") == 1);
            int others = ran.times("other scheduler");
            await().atMost(LONG).until(() -> ran.times("other scheduler") > others + 5);
            assertThat(ran.times("once")).isEqualTo(1);
            assertThat(application.getBean(Blocking.class).onAnother).startsWith("other-");
        }
    }

    @Test
    void leadershipIsKeptUntilAPublisherHasEnded() throws Exception {
        ConfigurableApplicationContext application =
                ScheduledGuardTest.start("publisher", "true", Long.class, ScheduledGuardTest.Auto.class);
        Long job = application.getBean(Long.class);
        await().atMost(LONG).until(() -> job.ends.get() != null);
        Thread closing = new Thread(application::close);
        closing.start();
        try (Rival rival = Rival.standing("publisher")) {
            assertThat(rival.leadsWithin(Duration.ofSeconds(2))).isFalse();
            job.ends.get().tryEmitEmpty();
            assertThat(rival.leadsWithin(LONG)).isTrue();
        }
        closing.join();
    }

    private static LeaderOnlyJob job(ConfigurableApplicationContext application, String id) {
        return application.getBean(LeaderOnlyJobs.class).all().stream().filter(job -> job.id().contains(id)).findAny().orElseThrow();
    }

    @Configuration
    @EnableScheduling
    @Import({Publishers.class, Proxied.class, Blocking.class})
    static class Jobs {
        @Bean
        Ran ran() {
            return new Ran();
        }

        @Bean
        ThreadPoolTaskScheduler taskScheduler() {
            return new ThreadPoolTaskScheduler();
        }

        @Bean
        ThreadPoolTaskScheduler other() {
            return new ThreadPoolTaskScheduler();
        }
    }

    static class Publishers {
        private final Ran ran;

        Publishers(Ran ran) {
            this.ran = ran;
        }

        @Scheduled(fixedRate = ScheduledJobs.OFTEN)
        Mono<Void> mono() {
            return Mono.fromRunnable(() -> ran.ran("mono"));
        }

        @Scheduled(fixedDelay = ScheduledJobs.OFTEN)
        private Flux<String> flux() {
            return Flux.defer(() -> {
                ran.ran("flux, delayed");
                return Flux.just("one", "two").delayElements(Duration.ofMillis(5));
            });
        }

        @EveryInstance
        @Scheduled(fixedRate = ScheduledJobs.OFTEN)
        Mono<Void> everywhere() {
            return Mono.fromRunnable(() -> ran.ran("mono of every instance"));
        }
    }

    /** Its bean is a proxy. */
    static class Proxied {
        private final Ran ran;

        Proxied(Ran ran) {
            this.ran = ran;
        }

        @LeaderOnly
        @Scheduled(fixedRate = ScheduledJobs.OFTEN)
        Mono<String> leaderOnly() {
            return Mono.fromCallable(() -> {
                ran.ran("leader-only mono");
                return "";
            });
        }
    }

    static class Blocking {
        private final Ran ran;
        private volatile String onAnother;

        Blocking(Ran ran) {
            this.ran = ran;
        }

        @Scheduled(fixedRate = ScheduledJobs.OFTEN, scheduler = "other")
        void onAnotherScheduler() {
            ran.ran("other scheduler");
            onAnother = Thread.currentThread().getName();
        }

        @Scheduled(initialDelay = 1, timeUnit = TimeUnit.MILLISECONDS)
        void once() {
            ran.ran("once");
        }
    }

    /** Goes on until it is told to end, and occupies no thread. */
    @EnableScheduling
    static class Long {
        final AtomicReference<Sinks.Empty<Void>> ends = new AtomicReference<>();

        @Scheduled(fixedDelay = ScheduledJobs.OFTEN)
        Mono<Void> run() {
            return Mono.defer(() -> {
                Sinks.Empty<Void> end = Sinks.empty();
                ends.set(end);
                return end.asMono();
            });
        }
    }
}
