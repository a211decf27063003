package io.clusterleader.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import io.clusterleader.spring.LastTick.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.EventListener;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.scheduling.annotation.SchedulingConfigurer;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.scheduling.config.ScheduledTaskRegistrar;
import org.springframework.scheduling.support.CronTrigger;

/**
 * What an application runs when it begins to lead, by what the ledger says of its jobs. Another candidate leads before it,
 * which writes the ledger as an application would; the application's scheduler has a clock of its own, by which it is a
 * little after two at night.
 */
class TakeOverTest {
    private static final Duration BOUND = Duration.ofSeconds(30);
    private static final Instant NIGHT = Instant.parse("2026-01-10T02:00:30Z");
    static final Instant TWO = Instant.parse("2026-01-10T02:00:00Z");
    static final Duration DAY = Duration.ofDays(1);
    private static final String JOBS = Jobs.class.getName() + "#";

    private Path directory;

    @BeforeEach
    void inAnElectionOfItsOwn() throws IOException {
        directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "take-over").toAbsolutePath()), "");
    }

    /** How the candidate before ends. */
    enum End {
        /** As where its process ends or dies: it leaves what it has begun. */
        GONE,
        /** Its process goes on, and what it has begun too. */
        STEPPED_DOWN
    }

    // ---- cron -----------------------------------------------------------------------------------

    @ParameterizedTest(name = "last tick {0} before two, {1}, {2}, {3}: caught up {4}, let go {5}")
    @CsvSource({
        "PT24H, ENDED, GONE, '', 1, 0",
        "PT24H, ENTERED, GONE, '', 1, 0",
        "PT24H, ENDED, STEPPED_DOWN, '', 1, 0",
        "PT0S, ENDED, GONE, '', 0, 0",
        "PT23H, ENTERED, GONE, '', 1, 0",
        "-PT0.5S, ENDED, GONE, '', 0, 0", // A clock was ahead of this one.
        "PT24H, ENDED, GONE, misfire=skip, 0, 1",
        "PT48H, ENDED, GONE, misfire=skip, 0, 2",
        "PT24H, ENDED, GONE, misfire-threshold=10s, 0, 1",
        "PT0S, STARTED, GONE, '', 1, 0",
        "PT0S, STARTED, GONE, delivery=relaxed, 1, 0",
        "PT0S, STARTED, GONE, delivery=at-most-once, 0, 0",
        "PT0S, STARTED, GONE, misfire=skip, 1, 0", // It was due while somebody led.
        "PT0S, STARTED, GONE, misfire-threshold=10s, 0, 1",
        "PT0S, STARTED, STEPPED_DOWN, '', 0, 0",
        "PT0S, CUT, GONE, '', 1, 0",
        "PT0S, CUT, STEPPED_DOWN, '', 1, 0",
        "PT0S, CUT, GONE, delivery=at-most-once, 0, 0"
    })
    void ofADailyJob(Duration beforeTwo, State state, End end, String property, int caughtUp, int letGo) throws InterruptedException {
        Instant last = TWO.minus(beforeTwo);
        LastTick tick = new LastTick(state, cron("0 0 2 * * *"), last, beforeTwo.plusSeconds(30).abs(), beforeTwo.plusSeconds(29).abs());
        try (Taken taken = takeOver("daily", tick, end, property)) {
            taken.assertCaughtUp("daily", caughtUp, letGo);
            assertThat(taken.job("daily").lastTick()).contains(caughtUp + letGo > 0 ? TWO : last);
            assertThat(taken.job("daily").nextTick()).contains(TWO.plus(DAY));
        }
    }

    @Test
    void theClockOfALeaderThatWasADayAheadDoesNotStopAJobForADay() throws InterruptedException {
        LastTick tick = new LastTick(State.ENDED, cron("0 0 2 * * *"), TWO.plus(DAY), Duration.ofMinutes(30), Duration.ofMinutes(29));
        try (Taken taken = takeOver("daily", tick, End.GONE, "")) {
            taken.assertCaughtUp("daily", 1, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(Delivery.class)
    void aJobThatNoLeaderHasKnownIsEnteredAndNotRun(Delivery delivery) throws InterruptedException {
        try (Taken taken = takeOver("another", new LastTick(State.ENDED, 0, null, Duration.ZERO, Duration.ZERO), End.GONE,
                "delivery=" + delivery)) {
            taken.assertCaughtUp("daily", 0, 0);
            assertThat(taken.job("daily").lastTick()).isEmpty();
            assertThat(taken.entry("daily").state()).isEqualTo(State.ENTERED);
            assertThat(taken.entry("daily").planned()).isBetween(NIGHT, NIGHT.plus(BOUND));
        }
    }

    @Test
    void aJobThatIsScheduledOtherwiseNowIsEnteredAnew() throws InterruptedException {
        LastTick tick = new LastTick(State.STARTED, cron("0 0 1 * * *"), TWO.minus(DAY), DAY, DAY);
        try (Taken taken = takeOver("daily", tick, End.GONE, "")) {
            taken.assertCaughtUp("daily", 0, 0);
            assertThat(taken.entry("daily").state()).isEqualTo(State.ENTERED);
        }
    }

    @Test
    void whatRunsEverywhereIsNotCaughtUp() throws InterruptedException {
        LastTick tick = new LastTick(State.ENDED, cron("0 0 2 * * *"), TWO.minus(DAY), DAY, DAY);
        try (Taken taken = takeOver("everywhere", tick, End.GONE, "")) {
            taken.assertCaughtUp("everywhere", 0, 0);
            assertThat(taken.entry("everywhere").planned()).as("nor noted").isEqualTo(TWO.minus(DAY));
        }
    }

    @Test
    void whatAnAnnotationSaysGoesBeforeWhatIsConfigured() throws InterruptedException {
        LastTick tick = new LastTick(State.ENDED, cron("0 0 2 * * *"), TWO.minus(DAY), DAY, DAY);
        try (Taken taken = takeOver("annotated", tick, End.GONE, "misfire=run-once")) {
            taken.assertCaughtUp("annotated", 0, 1);
        }
        try (Taken taken = takeOver("an-id-of-its-own", tick, End.GONE, "misfire=skip")) {
            taken.assertCaughtUp("an-id-of-its-own", 1, 0);
        }
    }

    /** Spring does not overlap the runs of a job, nor does what is caught up. */
    @ParameterizedTest
    @EnumSource(Delivery.class)
    void theNextTickWaitsForTheRunThatCatchesUp(Delivery delivery) throws InterruptedException {
        Duration ago = Duration.ofSeconds(10);
        LastTick tick = new LastTick(State.ENDED, cron("* * * * * *"), NIGHT.minus(ago), ago, ago);
        try (Taken taken = takeOver("slow", tick, End.GONE, "delivery=" + delivery)) {
            await().atMost(BOUND).until(() -> taken.jobs.slow.size() >= 3);
            assertThat(taken.job("slow").caughtUp()).isEqualTo(1);
            assertThat(taken.jobs.slow).allMatch(underWay -> underWay == 1);
        }
    }

    @Test
    void aRunOfALeaderWhoseClockWasAheadIsRepeatedAndTheJobGoesOn() throws InterruptedException {
        LastTick tick = new LastTick(State.STARTED, cron("* * * * * *"), NIGHT.plus(BOUND), Duration.ZERO, Duration.ZERO);
        try (Taken taken = takeOver("slow", tick, End.GONE, "")) {
            await().atMost(BOUND).until(() -> taken.jobs.slow.size() >= 1);
            assertThat(taken.job("slow").caughtUp()).isEqualTo(1);
            await().atMost(BOUND.multipliedBy(2)).until(() -> taken.jobs.slow.size() >= 3);
        }
    }

    // ---- fixed rates and delays -----------------------------------------------------------------

    @ParameterizedTest(name = "{0}: {1} {2} ago, {3}: caught up {4}, next in {5}")
    @CsvSource({
        "rate, ENDED, PT4M, '', 0, PT6M",
        "rate, ENTERED, PT4M, '', 0, PT6M",
        "rate, ENDED, PT10M, '', 1, PT10M",
        "rate, ENDED, PT24M, '', 1, PT10M",
        "rate, ENDED, PT24M, misfire=skip, 0, PT6M",
        "rate, ENDED, PT2H4M, '', 0, PT6M",
        "rate, STARTED, PT4M, '', 1, PT10M",
        "rate, STARTED, PT4M, delivery=at-most-once, 0, PT6M",
        "delay, ENDED, PT4M, '', 0, PT6M",
        "delay, ENDED, PT10M, '', 1, PT10M",
        "delay, ENDED, PT24M, misfire=skip, 0, PT10M",
        "delay, ENDED, PT2H4M, '', 0, PT10M",
        "delay, STARTED, PT4M, '', 1, PT10M",
        "delay, STARTED, PT4M, delivery=at-most-once, 0, PT10M"
    })
    void ofAJobEveryTenMinutes(String job, State state, Duration ago, String property, int caughtUp, Duration next)
            throws InterruptedException {
        LastTick tick = new LastTick(state, (job + " PT10M").hashCode(), null, ago, ago);
        try (Taken taken = takeOver(job, tick, End.GONE, property)) {
            taken.assertRuns(job, caughtUp);
            assertThat(taken.job(job).caughtUp()).isEqualTo(caughtUp);
            Instant from = NIGHT.plus(next).minusSeconds(1);
            await().atMost(BOUND).untilAsserted(
                    () -> assertThat(taken.job(job).nextTick().orElseThrow()).isBetween(from, from.plus(BOUND)));
        }
    }

    /** At most once a start is noted, then written, and only then made: a leader that is gone has perhaps waited in between. */
    @ParameterizedTest
    @CsvSource({"GONE, at-most-once, PT1S", "STEPPED_DOWN, at-most-once, PT0S", "STEPPED_DOWN, at-least-once, PT0S"})
    void whatWasWrittenBeforeItBeganMayHaveBegunLater(End end, String delivery, Duration later) throws InterruptedException {
        Duration ago = Duration.ofMinutes(4);
        LastTick tick = new LastTick(State.STARTED, "rate PT10M".hashCode(), null, ago, ago);
        try (Taken taken = takeOver("rate", tick, end, "delivery=" + delivery)) {
            await().atMost(BOUND).untilAsserted(() -> {
                assertThat(taken.entry("rate").state()).isEqualTo(State.ENDED);
                Duration startedAgo = taken.entry("rate").startedAgo();
                assertThat(taken.entry("untouched").startedAgo().minus(startedAgo)).isBetween(later, later.plusMillis(500));
            });
        }
    }

    // ---- the set-up -----------------------------------------------------------------------------

    static int cron(String expression) {
        return new CronTrigger(expression, ZoneOffset.UTC).toString().hashCode();
    }

    /** An application that has just begun to lead, after a leader that left this of one of its jobs. */
    private Taken takeOver(String job, LastTick left, End end, String property) throws InterruptedException {
        Election election = Election.named("take-over").store("file:" + directory);
        ClusterLeader before = ClusterLeader.join(election.instanceName("before"));
        ConfigurableApplicationContext application = null;
        try {
            assertThat(before.await(BOUND)).isTrue();
            application = start(directory, NIGHT, property);
            assertThat(before.ledger().put(id(job), left.entry())).isTrue();
            assertThat(before.ledger().put("untouched", left.entry())).isTrue();
            if (end == End.STEPPED_DOWN) {
                before.stepDown();
                assertThat(application.getBean(Elections.class).own().orElseThrow().await(BOUND)).isTrue();
            }
        } finally {
            before.close();
        }
        return new Taken(application);
    }

    static String id(String job) {
        return job.equals("an-id-of-its-own") || job.equals("untouched") ? job : JOBS + job;
    }

    /** An application whose scheduler's clock begins at that instant. */
    static ConfigurableApplicationContext start(Path directory, Instant now, String property) {
        List<String> properties = new ArrayList<>(List.of(
                "spring.main.banner-mode=off", "cluster-leader.scheduled.leader-only=true", "cluster-leader.election=take-over"));
        Arrays.stream(property.split(" ")).filter(each -> !each.isEmpty()).forEach(each -> properties.add("cluster-leader.scheduled." + each));
        return new SpringApplicationBuilder(Configuration.class, Jobs.class)
                .web(WebApplicationType.NONE)
                .properties(properties.toArray(String[]::new))
                .run("--cluster-leader.store=file:" + directory, "--now=" + now);
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @EnableScheduling
    static class Configuration implements SchedulingConfigurer {
        private final ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();

        Configuration(@Value("${now}") Instant now) {
            scheduler.setPoolSize(3);
            scheduler.setClock(Clock.offset(Clock.systemUTC(), Duration.between(Instant.now(), now)));
        }

        @Bean
        ThreadPoolTaskScheduler taskScheduler() {
            return scheduler;
        }

        /** Else Spring reckons the first run of a fixed delay by the clock of the system, as far off as it is. */
        @Override
        public void configureTasks(ScheduledTaskRegistrar registrar) {
            registrar.setTaskScheduler(scheduler);
        }
    }

    static class Jobs {
        private final BlockingQueue<String> runs = new LinkedBlockingQueue<>();
        private final List<TickCaughtUpEvent> events = new ArrayList<>();
        private final AtomicInteger often = new AtomicInteger();
        private final AtomicInteger slowUnderWay = new AtomicInteger();
        /** How many there are as each of them begins. */
        private final BlockingQueue<Integer> slow = new LinkedBlockingQueue<>();

        @Scheduled(cron = "0 0 2 * * *", zone = "UTC")
        void daily() {
            runs.add("daily");
        }

        @ScheduledDelivery(misfire = Misfire.SKIP)
        @Scheduled(cron = "0 0 2 * * *", zone = "UTC")
        void annotated() {
            runs.add("annotated");
        }

        @EveryInstance
        @Scheduled(cron = "0 0 2 * * *", zone = "UTC")
        void everywhere() {
            runs.add("everywhere");
        }

        @ScheduledDelivery(misfire = Misfire.RUN_ONCE, id = "an-id-of-its-own")
        @Scheduled(cron = "0 0 2 * * *", zone = "UTC")
        void named() {
            runs.add("an-id-of-its-own");
        }

        @Scheduled(fixedRate = 600_000)
        void rate() {
            runs.add("rate");
        }

        @Scheduled(fixedDelay = 600_000)
        void delay() {
            runs.add("delay");
        }

        @Scheduled(cron = "* * * * * *", zone = "UTC")
        void slow() throws InterruptedException {
            slow.add(slowUnderWay.incrementAndGet());
            Thread.sleep(1_200);
            slowUnderWay.decrementAndGet();
        }

        @Scheduled(fixedDelay = 20)
        void often() {
            often.incrementAndGet();
        }

        @EventListener
        synchronized void on(TickCaughtUpEvent event) {
            events.add(event);
        }

        synchronized List<TickCaughtUpEvent> events() {
            return List.copyOf(events);
        }
    }

    static final class Taken implements AutoCloseable {
        private final ConfigurableApplicationContext application;
        final Jobs jobs;

        Taken(ConfigurableApplicationContext application) {
            this.application = application;
            this.jobs = application.getBean(Jobs.class);
        }

        LeaderOnlyJob job(String name) {
            return application.getBean(LeaderOnlyJobs.class).all().stream()
                    .filter(job -> job.id().equals(id(name))).findAny().orElseThrow();
        }

        LastTick entry(String name) {
            return application.getBean(Elections.class).own().orElseThrow().ledger().get(id(name)).map(LastTick::of).orElseThrow();
        }

        void assertCaughtUp(String name, int caughtUp, int letGo) {
            assertRuns(name, caughtUp);
            assertThat(job(name).caughtUp()).isEqualTo(caughtUp);
            assertThat(job(name).missed()).isEqualTo(letGo);
            assertThat(jobs.events()).filteredOn(event -> event.job().equals(id(name))).hasSize(caughtUp).allSatisfy(
                    event -> assertThat(event.overdue()).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(30).plus(BOUND)));
        }

        /** So often it runs, and no more: what another job did after it had begun to lead says that all has been taken over. */
        void assertRuns(String name, int runs) {
            await().atMost(BOUND).untilAsserted(() -> assertThat(jobs.runs).filteredOn(name::equals).hasSize(runs));
            int seen = jobs.often.get();
            await().atMost(BOUND).until(() -> jobs.often.get() > seen + 5);
            assertThat(jobs.runs).filteredOn(name::equals).hasSize(runs);
        }

        @Override
        public void close() {
            application.close();
        }
    }
}
