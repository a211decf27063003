package io.clusterleader.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.clusterleader.ClusterLeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.SchedulingConfigurer;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.scheduling.config.ScheduledTaskRegistrar;

/** What noting the ticks of many jobs costs in writes. */
class WriteLoadTest {
    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final int JOBS = 300;
    /** So many runs of each. */
    private static final int ROUNDS = 3;

    /** In how many writes a second a leader's renewals are among them: one each half a renew deadline, and one as it begins. */
    @ParameterizedTest(name = "{0}: at most {1} writes a second")
    @CsvSource({"relaxed, 0", "at-least-once, 2", "at-most-once, 2"})
    void g13_itDoesNotGrowWithTheNumberOfJobs(String delivery, int mostWritesASecond) throws IOException {
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "write-load").toAbsolutePath()), "");
        try (ConfigurableApplicationContext application = new SpringApplicationBuilder(Configuration.class)
                .web(WebApplicationType.NONE)
                .properties("spring.main.banner-mode=off", "cluster-leader.election=write-load",
                        "cluster-leader.lease-duration=60s", "cluster-leader.renew-deadline=40s",
                        "cluster-leader.scheduled.leader-only=true", "cluster-leader.scheduled.delivery=" + delivery)
                .run("--cluster-leader.store=file:" + directory)) {
            Configuration jobs = application.getBean(Configuration.class);
            ClusterLeader own = application.getBean(Elections.class).own().orElseThrow();
            await().atMost(BOUND).untilAsserted(() -> assertThat(jobs.runs).hasPositiveValue());
            long before = own.status().renewals().count();
            long from = System.nanoTime();
            await().atMost(BOUND).untilAsserted(() -> assertThat(jobs.runs).hasValueGreaterThanOrEqualTo(ROUNDS * JOBS));
            long writes = own.status().renewals().count() - before;
            double seconds = (double) (System.nanoTime() - from) / TimeUnit.SECONDS.toNanos(1);
            System.out.printf("%s: %d runs of %d jobs in %.1f s, %d writes%n", delivery, jobs.runs.get(), JOBS, seconds, writes);
            double renewals = 1 + seconds / 20;
            assertThat(writes).isLessThanOrEqualTo((long) Math.ceil(mostWritesASecond * (seconds + 1) + renewals));
            assertThat(own.ledger().entries()).hasSize(JOBS);
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @EnableScheduling
    static class Configuration implements SchedulingConfigurer {
        private final AtomicInteger runs = new AtomicInteger();
        private final ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();

        /** Many threads: at most once, each start waits for the one write that it shares with others. */
        @Bean
        ThreadPoolTaskScheduler taskScheduler() {
            scheduler.setPoolSize(100);
            return scheduler;
        }

        @Override
        public void configureTasks(ScheduledTaskRegistrar registrar) {
            registrar.setTaskScheduler(scheduler);
            for (int job = 0; job < JOBS; job++) {
                registrar.addFixedRateTask(runs::incrementAndGet, 1_000);
            }
        }
    }
}
