package io.clusterleader.spring.lifecycle;

import static io.clusterleader.spring.lifecycle.Application.BOUND;
import static io.clusterleader.spring.lifecycle.Application.leading;
import static io.clusterleader.spring.lifecycle.Application.own;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.clusterleader.ClusterLeader;
import io.clusterleader.spring.ClusterLeaderService;
import io.clusterleader.spring.EveryInstance;
import io.clusterleader.spring.LeaderOnly;
import io.clusterleader.spring.lifecycle.Application.Job;
import io.clusterleader.spring.lifecycle.Application.Work;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.scheduling.annotation.Scheduled;
import reactor.core.publisher.Mono;

/** Leadership is given back when the last leader-only work has ended, and not before. */
class DrainTest {
    /** For what must not happen. */
    private static final Duration A_WHILE = Duration.ofMillis(300);

    private Path directory;
    private Application application;

    @BeforeEach
    void inAnElectionOfItsOwn() throws IOException {
        directory = Application.newDirectory();
        application = new Application(directory, "drain");
    }

    // ---- liveness -------------------------------------------------------------------------------

    @Test
    void aBrokenInstanceLeavesOnceItsWorkHasEndedAndStandsAgainWhenItIsCorrect() throws InterruptedException {
        try (ConfigurableApplicationContext context = application.startLeading(List.of(Job.class)); ClusterLeader rival = application.rival()) {
            Job job = context.getBean(Job.class);
            ClusterLeaderService service = context.getBean(ClusterLeaderService.class);
            Work held = job.holdOn(false);
            int runs = job.runs.get();
            AvailabilityChangeEvent.publish(context, LivenessState.BROKEN);
            assertThat(service.isThisInstanceLeader()).as("to what does not belong to that work").isFalse();
            assertThat(rival.await(A_WHILE)).as("while it goes on").isFalse();
            held.release();
            assertThat(rival.await(BOUND)).isTrue();
            assertThat(held.isUnderWay()).isFalse();
            assertThat(held.isInterruptedWithin(Duration.ZERO)).isFalse();
            assertThat(job.runs).as("nothing began").hasValue(runs);

            AvailabilityChangeEvent.publish(context, LivenessState.CORRECT);
            rival.close();
            leading(context);
            await().atMost(BOUND).until(() -> job.runs.get() > runs && service.isThisInstanceLeader());
        }
    }

    @Test
    void oneThatIsCorrectAgainBeforeItsWorkHasEndedLeadsOn() throws InterruptedException {
        try (ConfigurableApplicationContext context = application.startLeading(List.of(Job.class))) {
            ClusterLeader own = leading(context);
            Job job = context.getBean(Job.class);
            Work held = job.holdOn(false);
            long token = own.fencingToken().orElseThrow();
            AvailabilityChangeEvent.publish(context, LivenessState.BROKEN);
            AvailabilityChangeEvent.publish(context, LivenessState.CORRECT);
            int runs = job.runs.get();
            held.release();
            await().atMost(BOUND).until(() -> job.runs.get() > runs + 10);
            assertThat(own(context).fencingToken()).hasValue(token);
        }
    }

    @Test
    void oneThatIsBrokenDoesNotStandAgainAsItStops() throws InterruptedException {
        ConfigurableApplicationContext context = application.startLeading(List.of(Job.class));
        Work held = context.getBean(Job.class).holdOn(false);
        ClusterLeaderService service = context.getBean(ClusterLeaderService.class);
        boolean[] stands = {true};
        context.addApplicationListener((ApplicationListener<ContextClosedEvent>) closed -> {
            AvailabilityChangeEvent.publish(context, LivenessState.CORRECT);
            stands[0] = service.isThisInstanceLeader();
            held.release();
        });
        AvailabilityChangeEvent.publish(context, LivenessState.BROKEN);
        context.close();
        assertThat(stands[0]).isFalse();
        try (ClusterLeader rival = application.rival()) {
            assertThat(rival.await(BOUND)).isTrue();
        }
    }

    // ---- what counts ----------------------------------------------------------------------------

    /** Work of other kinds than a guarded scheduled method. */
    static class OtherWork {
        private final CompletableFuture<String> future = new CompletableFuture<>();
        private final ClusterLeaderService service;
        private volatile boolean hold;
        private volatile boolean told;

        OtherWork(ClusterLeaderService service) {
            this.service = service;
        }

        @LeaderOnly
        public CompletableFuture<String> future() {
            return future;
        }

        @LeaderOnly
        public Mono<String> publisher() {
            return Mono.fromFuture(future);
        }

        /** As a job that asks by itself. */
        @EveryInstance
        @Scheduled(fixedDelay = 5)
        public void asks() {
            if (hold && service.isThisInstanceLeader()) {
                told = true;
                future.exceptionally(cancelled -> "").join();
                assertThat(service.isThisInstanceLeader()).isTrue();
            }
        }

        public void askAndHold() {
            hold = true;
            await().atMost(BOUND).until(() -> told);
        }

        public void complete() {
            future.complete("done");
        }
    }

    static Stream<Arguments> kinds() {
        Consumer<OtherWork> future = OtherWork::future;
        Consumer<OtherWork> publisher = work -> work.publisher().subscribe();
        Consumer<OtherWork> asks = OtherWork::askAndHold;
        return Stream.of(Arguments.of("future", future), Arguments.of("publisher", publisher), Arguments.of("job that was told yes", asks));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void g7_itIsWaitedFor(String kind, Consumer<OtherWork> begin) throws InterruptedException {
        ConfigurableApplicationContext context = application.startLeading(List.of(OtherWork.class));
        try (ClusterLeader rival = application.rival()) {
            OtherWork work = context.getBean(OtherWork.class);
            begin.accept(work);
            Thread closing = new Thread(context::close);
            closing.start();
            assertThat(rival.await(A_WHILE)).as("while it is under way").isFalse();
            assertThat(closing.isAlive()).isTrue();
            work.complete();
            assertThat(rival.await(BOUND)).isTrue();
            closing.join();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void g7_whatDoesNotEndKeepsLeadership(String kind, Consumer<OtherWork> begin) throws InterruptedException {
        ConfigurableApplicationContext context = application.startLeading(List.of(OtherWork.class), "cluster-leader.drain-timeout=1ms");
        ClusterLeader own = leading(context);
        OtherWork work = context.getBean(OtherWork.class);
        begin.accept(work);
        context.close();
        try (own; ClusterLeader rival = application.rival()) { // Else it would be kept until this process ends.
            assertThat(rival.await(A_WHILE)).isFalse();
            assertThat(own.isLeader()).isTrue();
            work.complete();
        }
    }

    // ---- the end --------------------------------------------------------------------------------

    @Test
    void aDrainTimeoutOfZeroInterruptsAtOnce() throws InterruptedException {
        ConfigurableApplicationContext context = application.startLeading(List.of(Job.class), "cluster-leader.drain-timeout=0s");
        Work held = context.getBean(Job.class).holdOn(false);
        context.close();
        assertThat(held.isInterruptedWithin(Duration.ZERO)).isTrue();
        try (ClusterLeader rival = application.rival()) {
            assertThat(rival.await(BOUND)).isTrue();
        }
    }

    @Test
    void whatEndsTooLateGivesLeadershipBackThen() throws InterruptedException {
        ConfigurableApplicationContext context = application.startLeading(List.of(Job.class), "cluster-leader.drain-timeout=0s");
        try (ClusterLeader rival = application.rival()) {
            Work held = context.getBean(Job.class).holdOn(true);
            context.close();
            assertThat(rival.await(A_WHILE)).isFalse();
            held.release();
            assertThat(rival.await(BOUND)).isTrue();
        }
    }

    @Test
    void whatEndsTooLateEndsNothingOfAnApplicationThatWasStartedAgain() throws InterruptedException {
        try (ConfigurableApplicationContext context = application.startLeading(List.of(Job.class), "cluster-leader.drain-timeout=0s")) {
            ClusterLeader own = leading(context);
            Job job = context.getBean(Job.class);
            Work held = job.holdOn(true);
            context.stop();
            context.start();
            int runs = job.runs.get();
            held.release();
            await().atMost(BOUND).until(() -> job.runs.get() > runs + 20);
            assertThat(own(context)).isSameAs(own);
            assertThat(own.isLeader()).isTrue();
        }
    }

    @Test
    void listenersThatTakeTheirTimeOrFailDelayNothing() throws InterruptedException {
        ConfigurableApplicationContext context = application.startLeading(List.of());
        try (ClusterLeader rival = application.rival()) {
            boolean[] led = new boolean[1];
            context.addApplicationListener((ApplicationListener<ContextClosedEvent>) closed -> {
                try {
                    led[0] = rival.await(BOUND);
                } catch (InterruptedException impossible) {
                    throw new IllegalStateException(impossible);
                }
                throw new IllegalStateException("on purpose");
            });
            context.close();
            assertThat(led[0]).isTrue();
        }
    }

    @Test
    void theEndOfAChildContextIsNotItsParents() throws InterruptedException {
        try (ConfigurableApplicationContext parent = application.startLeading(List.of(Job.class))) {
            ClusterLeader own = leading(parent);
            new Application(directory, "child").builder(List.of(), "cluster-leader.enabled=false").parent(parent).run().close();
            int runs = parent.getBean(Job.class).runs.get();
            await().atMost(BOUND).until(() -> parent.getBean(Job.class).runs.get() > runs);
            assertThat(own.isLeader()).isTrue();
        }
    }

    @Test
    void twoContextsOfAJvmEachStandInTheirOwnElection() throws InterruptedException {
        try (ConfigurableApplicationContext first = application.startLeading(List.of(Job.class))) {
            ClusterLeader own = leading(first);
            try (ConfigurableApplicationContext second = new Application(directory, "second").start(List.of(Job.class))) {
                assertThat(leading(second).status().election()).isEqualTo("second");
                assertThat(ClusterLeader.thisInstance()).isSameAs(own);
            }
            assertThat(own.isLeader()).isTrue();
            assertThat(first.getBean(ClusterLeaderService.class).isThisInstanceLeader()).isTrue();
        }
    }
}
