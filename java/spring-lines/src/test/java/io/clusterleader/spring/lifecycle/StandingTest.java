package io.clusterleader.spring.lifecycle;

import static io.clusterleader.spring.lifecycle.Application.BOUND;
import static io.clusterleader.spring.lifecycle.Application.leading;
import static io.clusterleader.spring.lifecycle.Application.own;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.clusterleader.ClusterLeader;
import io.clusterleader.ClusterLeaderException;
import io.clusterleader.spring.Elections;
import io.clusterleader.spring.LeaderOnly;
import io.clusterleader.spring.LeadershipAcquiredEvent;
import io.clusterleader.spring.LeadershipLostEvent;
import io.clusterleader.spring.boot.ClusterLeaderProperties;
import io.clusterleader.spring.lifecycle.Application.Job;
import io.clusterleader.spring.lifecycle.Application.Work;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.ApplicationRunner;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.scheduling.annotation.Scheduled;

/** Since when and how an application stands in which elections. */
class StandingTest {
    private Path directory;
    private Application application;

    @BeforeEach
    void inAnElectionOfItsOwn() throws IOException {
        directory = Application.newDirectory();
        application = new Application(directory, "standing");
    }

    // ---- the start ------------------------------------------------------------------------------

    /** Takes its time before the application is ready. */
    static class LongStart implements ApplicationRunner {
        private final Elections elections;
        private Boolean leadsMeanwhile;

        LongStart(Elections elections) {
            this.elections = elections;
        }

        @Override
        public void run(ApplicationArguments arguments) throws InterruptedException {
            ClusterLeader own = elections.own().orElseThrow();
            leadsMeanwhile = own.await(Duration.ofMillis(500)) || arguments.containsOption("long") && own.await(BOUND);
        }
    }

    @ParameterizedTest
    @CsvSource({"ready, false", "started, true"})
    void anInstanceMayLead(String joinWhen, boolean leadsBeforeItIsReady) throws InterruptedException {
        try (ConfigurableApplicationContext context = application.run(
                application.builder(List.of(LongStart.class), "cluster-leader.join-when=" + joinWhen), leadsBeforeItIsReady ? "--long" : "")) {
            assertThat(context.getBean(LongStart.class).leadsMeanwhile).isEqualTo(leadsBeforeItIsReady);
            leading(context);
        }
    }

    static class Reports {
        @LeaderOnly("${reports.election}")
        @Scheduled(fixedDelay = 1_000_000)
        void report() {}
    }

    @Test
    void itStandsInItsOwnElectionAndInThoseThatItsJobsName() {
        try (ConfigurableApplicationContext context = application.start(List.of(Reports.class), "reports.election=reports")) {
            assertThat(context.getBean(Elections.class).all()).extracting(each -> each.status().election()).containsExactly("standing", "reports");
        }
        try (ConfigurableApplicationContext context = application.start(List.of(), "cluster-leader.election=by-property")) {
            assertThat(own(context).status().election()).isEqualTo("by-property");
        }
    }

    @Test
    void aWrongConfigurationFailsTheStartWithTheReason() {
        Throwable failure = catchThrowable(
                () -> application.start(List.of(), "cluster-leader.lease-duration=3s", "cluster-leader.renew-deadline=9s"));
        assertThat(NestedExceptionUtils.getRootCause(failure))
                .isInstanceOf(ClusterLeaderException.class)
                .hasMessageContaining("renewDeadline")
                .hasMessageContaining("9s");
    }

    // ---- a start that fails ---------------------------------------------------------------------

    /** Named by a job, and joined after the application's own. */
    static class WrongElection {
        @LeaderOnly("No Name Of A Lease")
        @Scheduled(fixedDelay = 1_000_000)
        void run() {}
    }

    static class Late {
        private static IllegalStateException failure(Elections elections) {
            try {
                assertThat(elections.own().orElseThrow().await(BOUND)).isTrue();
            } catch (InterruptedException impossible) {
                throw new AssertionError(impossible);
            }
            return new IllegalStateException("on purpose");
        }
    }

    static class WrongServer implements SmartLifecycle {
        private final Elections elections;

        WrongServer(Elections elections) {
            this.elections = elections;
        }

        @Override
        public void start() {
            throw Late.failure(elections);
        }

        @Override
        public void stop() {}

        @Override
        public boolean isRunning() {
            return false;
        }
    }

    static class WrongListener implements ApplicationListener<ContextRefreshedEvent> {
        private final Elections elections;

        WrongListener(Elections elections) {
            this.elections = elections;
        }

        @Override
        public void onApplicationEvent(ContextRefreshedEvent event) {
            throw Late.failure(elections);
        }
    }

    static class WrongRunner implements ApplicationRunner {
        private final Elections elections;

        WrongRunner(Elections elections) {
            this.elections = elections;
        }

        @Override
        public void run(ApplicationArguments arguments) {
            throw Late.failure(elections);
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {WrongElection.class, WrongServer.class, WrongListener.class, WrongRunner.class})
    void whereTheStartFailsItsElectionsAreLeft(Class<?> wrong) throws InterruptedException {
        assertThatThrownBy(() -> application.start(List.of(wrong), "cluster-leader.join-when=started")).isNotNull();
        try (ClusterLeader rival = application.rival()) {
            assertThat(rival.await(BOUND)).isTrue();
        }
        try (ConfigurableApplicationContext next = application.start(List.of())) {
            assertThat(ClusterLeader.thisInstance()).as("none is under way").isSameAs(own(next));
        }
    }

    // ---- lost leadership ------------------------------------------------------------------------

    static class Acquired implements ApplicationListener<LeadershipAcquiredEvent> {
        private final CountDownLatch told = new CountDownLatch(1);

        @Override
        public void onApplicationEvent(LeadershipAcquiredEvent event) {
            told.countDown();
        }
    }

    static class Lost implements ApplicationListener<LeadershipLostEvent> {
        private final BlockingQueue<LeadershipLostEvent> events = new LinkedBlockingQueue<>();

        @Override
        public void onApplicationEvent(LeadershipLostEvent event) {
            events.add(event);
        }
    }

    @ParameterizedTest(name = "interrupt-on-loss={0}, {1}")
    @CsvSource({"true, stepDown", "false, stepDown", "true, delete", "false, delete"})
    void whereLeadershipIsLostItIsToldAndWorkIsInterruptedIfAsked(boolean interrupts, String how) throws InterruptedException, IOException {
        try (ConfigurableApplicationContext context = application.start(
                List.of(Job.class, Lost.class), "cluster-leader.interrupt-on-loss=" + interrupts)) {
            ClusterLeader own = leading(context);
            long token = own.fencingToken().orElseThrow();
            Work held = context.getBean(Job.class).holdOn(false);
            if (how.equals("delete")) {
                Files.delete(directory.resolve("standing.json"));
            } else {
                own.stepDown();
            }
            LeadershipLostEvent lost = context.getBean(Lost.class).events.poll(BOUND.toSeconds(), TimeUnit.SECONDS);
            assertThat(lost).isNotNull();
            assertThat(lost.fencingToken()).isEqualTo(token);
            assertThat(held.isInterruptedWithin(interrupts ? BOUND : Duration.ZERO)).isEqualTo(interrupts);
            held.release();
        }
    }

    static class SlowlyLost extends Lost {
        @Override
        public void onApplicationEvent(LeadershipLostEvent event) {
            LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
            super.onApplicationEvent(event);
        }
    }

    @Test
    void aLeaderThatStopsIsToldItsLossWhileThereIsStillSomethingToTell() throws InterruptedException {
        ConfigurableApplicationContext context = application.start(List.of(Acquired.class, SlowlyLost.class));
        long token = leading(context).fencingToken().orElseThrow();
        assertThat(context.getBean(Acquired.class).told.await(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();
        Lost lost = context.getBean(Lost.class);
        context.close();
        assertThat(lost.events).extracting(LeadershipLostEvent::fencingToken).containsExactly(token);
    }

    // ---- the environment ------------------------------------------------------------------------

    @Test
    void everythingMayComeFromTheEnvironment() {
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment", Map.of(
                "CLUSTER_LEADER_DRAIN_TIMEOUT", "7s",
                "CLUSTER_LEADER_JOIN_WHEN", "started",
                "CLUSTER_LEADER_SCHEDULED_LEADER_ONLY", "true",
                "CLUSTER_LEADER_INTERRUPT_ON_LOSS", "true",
                "CLUSTER_LEADER_ENABLED", "true")));
        try (ConfigurableApplicationContext context = application.run(application.builder(List.of()).environment(environment))) {
            ClusterLeaderProperties properties = context.getBean(ClusterLeaderProperties.class);
            assertThat(properties.drainTimeout()).isEqualTo(Duration.ofSeconds(7));
            assertThat(properties.joinWhen()).isEqualTo(ClusterLeaderProperties.JoinWhen.STARTED);
            assertThat(properties.scheduled().leaderOnly()).isTrue();
            assertThat(properties.interruptOnLoss()).isTrue();
        }
        StandardEnvironment disabled = new StandardEnvironment();
        disabled.getPropertySources().addFirst(
                new SystemEnvironmentPropertySource("test-systemEnvironment", Map.of("CLUSTER_LEADER_ENABLED", "false")));
        try (ConfigurableApplicationContext context = application.run(application.builder(List.of()).environment(disabled))) {
            assertThat(context.getBeanProvider(Elections.class).getIfAvailable()).isNull();
        }
    }
}
