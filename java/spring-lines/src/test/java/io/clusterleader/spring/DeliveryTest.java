package io.clusterleader.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import io.clusterleader.spring.LastTick.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

/** What a standby sees of the ticks of a leader, whose lease is so long that nothing is written by and by. */
class DeliveryTest {
    private static final Duration BOUND = Duration.ofSeconds(30);
    /** In milliseconds. */
    private static final long MEASURING = 20;
    private static final String JOB = Job.class.getName() + "#run";

    private Election election;
    private Path directory;
    private ConfigurableApplicationContext application;
    private Job job;

    @BeforeEach
    void inAnElectionOfItsOwn() throws IOException {
        directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "delivery").toAbsolutePath()), "");
        election = Election.named("delivery").store("file:" + directory).instanceName("standby")
                .leaseDuration(Duration.ofMinutes(10)).renewDeadline(Duration.ofMinutes(5));
    }

    private void start(Delivery delivery, Class<?>... jobs) throws InterruptedException {
        application = new SpringApplicationBuilder(Configuration.class, Job.class)
                .sources(jobs)
                .web(WebApplicationType.NONE)
                .properties("spring.main.banner-mode=off", "cluster-leader.election=delivery", "cluster-leader.scheduled.leader-only=true",
                        "cluster-leader.scheduled.delivery=" + delivery, "cluster-leader.drain-timeout=100ms",
                        "cluster-leader.lease-duration=600s", "cluster-leader.renew-deadline=300s")
                .run("--cluster-leader.store=file:" + directory);
        job = application.getBean(Job.class);
        assertThat(application.getBean(Elections.class).own().orElseThrow().await(BOUND)).isTrue();
    }

    @AfterEach
    void end() {
        if (application != null) {
            job.goOn.countDown();
            application.close();
        }
    }

    private static Optional<State> state(ClusterLeader of) {
        return of.ledger().get(JOB).map(LastTick::of).map(LastTick::state);
    }

    private static void awaitState(ClusterLeader of, State state) {
        await().atMost(BOUND).untilAsserted(() -> assertThat(state(of)).contains(state));
    }

    /** Whoever takes over while a run is under way, or has ended, finds this: the leader here is not told to go. */
    @ParameterizedTest(name = "{0}: begun is written: {1}, ended is written: {2}")
    @CsvSource({"AT_LEAST_ONCE, false, true", "AT_MOST_ONCE, true, false", "RELAXED, false, false"})
    void g13_whatIsWrittenAtOnceOfARun(Delivery delivery, boolean begun, boolean ended) throws InterruptedException {
        start(delivery);
        try (ClusterLeader standby = ClusterLeader.join(election)) {
            ClusterLeader own = application.getBean(Elections.class).own().orElseThrow();
            assertThat(job.begun.tryAcquire(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(state(own)).contains(State.STARTED);
            if (begun) { // It is there before the run is.
                awaitState(standby, State.STARTED);
            }
            job.goOn.countDown();
            awaitState(own, State.ENDED);
            if (ended) {
                awaitState(standby, State.ENDED);
            } else {
                assertThat(state(standby)).isNotEqualTo(Optional.of(State.ENDED));
            }
            // What was not written is, with the release.
            application.close();
            awaitState(standby, State.ENDED);
        }
    }

    @Test
    void g13_aRunThatDoesNotEndIsLeftAsCutShort() throws InterruptedException {
        start(Delivery.AT_LEAST_ONCE);
        assertThat(job.begun.tryAcquire(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();
        ClusterLeader own = application.getBean(Elections.class).own().orElseThrow();
        application.close(); // It gives leadership back only once the run has ended.
        awaitState(own, State.CUT);
        assertThat(own.isLeader()).isTrue();
        job.goOn.countDown();
        await().atMost(BOUND).until(() -> !own.isLeader());
        try (ClusterLeader next = ClusterLeader.join(election)) {
            awaitState(next, State.ENDED); // It did end, after all.
        }
    }

    @ParameterizedTest
    @EnumSource(Delivery.class)
    void g13_aRunThatFailsHasEnded(Delivery delivery) throws InterruptedException {
        start(delivery);
        job.fails = true;
        assertThat(job.begun.tryAcquire(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();
        job.goOn.countDown();
        awaitState(application.getBean(Elections.class).own().orElseThrow(), State.ENDED);
    }

    /** Its runs may overlap, and there are fewer writes than ticks. */
    @Test
    void g13_ofStartsThatWaitForTheSameWriteOneIsMade() throws InterruptedException {
        start(Delivery.AT_MOST_ONCE, OftenJob.class);
        job.goOn.countDown(); // The scheduler has one thread.
        OftenJob often = application.getBean(OftenJob.class);
        await().atMost(BOUND).until(() -> often.begun().size() >= 10);
        List<Long> begun = often.begun();
        for (int i = 1; i < begun.size(); i++) {
            assertThat(Duration.ofNanos(begun.get(i) - begun.get(i - 1))).as("no half period after the last: that is the same tick")
                    .isGreaterThan(Duration.ofMillis(OftenJob.PERIOD / 2 - MEASURING));
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @EnableScheduling
    @EnableAsync
    static class Configuration {}

    static class OftenJob {
        private static final long PERIOD = 300;
        private final Queue<Long> begun = new ConcurrentLinkedQueue<>();

        @Async
        @Scheduled(fixedRate = PERIOD)
        public void run() {
            begun.add(System.nanoTime());
        }

        public List<Long> begun() {
            return begun.stream().sorted().toList();
        }
    }

    static class Job {
        private final Semaphore begun = new Semaphore(0);
        private final CountDownLatch goOn = new CountDownLatch(1);
        private volatile boolean fails;

        /** Once here, when it leads by then; and stubborn. */
        @Scheduled(fixedRate = 3_600_000, initialDelay = 1_000)
        void run() {
            begun.release();
            boolean isDone = false;
            while (!isDone) {
                try {
                    isDone = goOn.await(BOUND.toSeconds(), TimeUnit.SECONDS);
                } catch (InterruptedException goesOn) {
                    Thread.interrupted();
                }
            }
            if (fails) {
                throw new IllegalStateException("as it is told");
            }
        }
    }
}
