package io.clusterleader.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Status;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;

/** What the annotation does, seen by running classes that bear it. */
class ControlledElectionsTest {
    /** Runs these classes one after another, and sees this many tests succeed and none fail. */
    static void run(long succeeding, Class<?>... classes) {
        var tests = EngineTestKit.engine("junit-jupiter")
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
                .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
                .configurationParameter("junit.jupiter.execution.parallel.config.fixed.parallelism", "4")
                .configurationParameter("junit.jupiter.testclass.order.default", "org.junit.jupiter.api.ClassOrderer$ClassName")
                .selectors(Stream.of(classes).map(type -> selectClass(type)).toArray(DiscoverySelector[]::new))
                .execute();
        List<Throwable> failures = tests.allEvents().failed().stream()
                .map(event -> event.getRequiredPayload(TestExecutionResult.class).getThrowable().orElseThrow())
                .toList();
        if (!failures.isEmpty()) {
            throw new AssertionError(failures.size() + " failures, the first of which:", failures.get(0));
        }
        assertEquals(succeeding, tests.testEvents().succeeded().count());
        assertFalse(isControlled());
    }

    private static boolean isControlled() {
        try (ElectionControl control = ElectionControl.open()) {
            return control.election().isLeading();
        } catch (IllegalStateException another) {
            return true;
        }
    }

    @Test
    void each_test_begins_anew_and_what_was_joined_stays_usable() {
        run(3, Anew.class);
        run(1, AnotherClass.class);
    }

    @ControlledElections
    @TestMethodOrder(MethodOrderer.MethodName.class)
    static class Anew {
        private static ClusterLeader joined;
        private static long token;

        @BeforeAll
        static void join(ControlledElection election) {
            joined = ClusterLeader.join("jobs");
            assertEquals(Status.State.FOLLOWING, joined.status().state());
            election.becomeLeader();
        }

        @Test
        void a_leads(ControlledElection election) {
            assertFalse(joined.isLeader());
            election.setProblem("none").setRemaining(Duration.ofSeconds(1)).becomeLeader();
            assertTrue(joined.isLeader());
            token = election.fencingToken().orElseThrow();
        }

        @Test
        void b_names_it(@ElectionNamed("jobs") ControlledElection election) {
            assertFalse(joined.isLeader());
            assertEquals(Optional.empty(), election.lastLost());
            assertEquals(Optional.empty(), joined.status().lastProblem());
            assertTrue(election.becomeLeader().fencingToken().orElseThrow() > token);
            assertTrue(joined.isLeaderFor(Duration.ofSeconds(5)));
        }

        @Test
        void c_does_not_name_it(ControlledElection election) {
            Recorder recorder = new Recorder();
            joined.addListener(recorder);
            election.becomeLeader().awaitListeners();
            assertEquals(2, recorder.told.size(), recorder.told::toString);
            assertTrue(joined.isLeader());
        }
    }

    @ControlledElections(leading = true)
    static class AnotherClass {
        @Test
        void leads_with_what_was_joined_before(ControlledElection election) {
            assertTrue(Anew.joined.isLeader());
            Anew.joined.close();
            assertFalse(election.isLeading());
        }
    }

    @Test
    void the_nearest_annotation_says_who_leads_at_first() {
        run(4, Leading.class);
    }

    @ControlledElections(leading = true)
    static class Leading {
        private final ControlledElection election;

        Leading(ControlledElection election) {
            this.election = election;
        }

        @Test
        void leads_at_the_first_question() {
            assertTrue(ClusterLeader.isThisInstanceLeader());
            assertTrue(election.isLeading());
        }

        @Test
        @ControlledElections
        void follows() {
            assertFalse(ClusterLeader.isThisInstanceLeader());
            assertFalse(election.isLeading());
        }

        @Nested
        class Within {
            @Test
            void leads() {
                assertTrue(ClusterLeader.isThisInstanceLeader());
            }
        }

        @Nested
        @ControlledElections(leading = false)
        class WithinOtherwise {
            @Test
            void follows(ControlledElection same) {
                assertEquals(election, same);
                assertFalse(ClusterLeader.isThisInstanceLeader());
            }
        }
    }

    @Test
    void only_the_tests_that_ask_for_it_are_controlled() {
        run(2, OnMethod.class);
    }

    @Execution(ExecutionMode.SAME_THREAD)
    static class OnMethod {
        @Test
        @ControlledElections(leading = true)
        void controlled(ElectionControl control) {
            assertTrue(ClusterLeader.isThisInstanceLeader());
            assertTrue(control.election().isLeading());
        }

        @Test
        void not_controlled() {
            assertFalse(isControlled());
        }
    }

    @Test
    void the_process_s_election_begins_anew_if_a_test_has_closed_it() {
        run(2, Closing.class);
    }

    @ControlledElections(leading = true)
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    static class Closing {
        private final ControlledElection election;

        Closing(ControlledElection election) {
            this.election = election;
        }

        @RepeatedTest(2)
        void closes_it() {
            assertTrue(ClusterLeader.isThisInstanceLeader());
            ClusterLeader.thisInstance().close();
            election.becomeLeader();
            assertFalse(ClusterLeader.isThisInstanceLeader());
        }
    }

    @Test
    void tests_that_run_in_parallel_take_turns() {
        run(40, Parallel.class, ParallelToo.class);
    }

    @Execution(ExecutionMode.CONCURRENT)
    static class Parallel {
        @RepeatedTest(20)
        @ControlledElections
        void has_control_alone(ControlledElection election) {
            try (ClusterLeader joined = ClusterLeader.join("parallel")) {
                election.becomeLeader();
                assertTrue(joined.isLeader());
            }
        }
    }

    @ControlledElections
    @Execution(ExecutionMode.CONCURRENT)
    static class ParallelToo {
        @RepeatedTest(20)
        void has_control_alone(ControlledElection election) {
            election.becomeLeader().loseLeadership();
        }
    }

    @Test
    void what_a_constructor_names_is_under_control_in_each_test() {
        run(2, NamedByConstructor.class);
    }

    @ControlledElections
    static class NamedByConstructor {
        private final ControlledElection reports;

        NamedByConstructor(@ElectionNamed("reports") ControlledElection reports) {
            this.reports = reports;
        }

        @RepeatedTest(2)
        void controls(ControlledElection others) {
            try (ClusterLeader joined = ClusterLeader.join("reports")) {
                others.becomeLeader();
                assertFalse(joined.isLeader());
                reports.becomeLeader();
                assertTrue(joined.isLeader());
            }
        }
    }

    @Test
    void control_of_a_test_is_over_with_it() {
        run(1, Leaking.class);
        assertThrows(IllegalStateException.class, Leaking.leaked::becomeLeader);
        assertFalse(Leaking.leaked.isLeading());
    }

    @ControlledElections
    static class Leaking {
        private static ControlledElection leaked;

        @Test
        void leaks(@ElectionNamed("reports") ControlledElection election) {
            leaked = election.becomeLeader();
        }
    }
}
