package io.clusterleader.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.junit.jupiter.SpringJUnitConfig;

/** Contexts that Spring caches over several test classes. */
class ControlledContextsTest {
    @TempDir
    private static Path directory;

    private static final Set<ClusterLeader> BEANS = new HashSet<>();

    @Configuration
    static class Application {
        @Bean(destroyMethod = "close")
        ClusterLeader jobs() {
            return ClusterLeader.join(Election.named("jobs").store("file:" + directory));
        }
    }

    @Test
    void a_context_that_is_cached_obeys_the_test_that_runs() {
        ControlledElectionsTest.run(6, First.class, Second.class, WithOneInstance.class);
        assertEquals(1, BEANS.size());
        BEANS.clear();
        ControlledElectionsTest.run(1, Uncontrolled.class);
        ControlledElectionsTest.run(2, First.class);
        assertEquals(2, BEANS.size());
        ControlledElectionsTest.run(2, Closing.class);
    }

    @ControlledElections
    @SpringJUnitConfig(Application.class)
    abstract static class Controlled {
        @Autowired
        private ClusterLeader jobs;

        @RepeatedTest(2)
        void leads_when_told(ControlledElection election) {
            BEANS.add(jobs);
            assertFalse(jobs.isLeader());
            election.becomeLeader();
            assertTrue(jobs.isLeader());
        }
    }

    static class First extends Controlled {}

    static class Second extends Controlled {}

    /** Spring makes its context before anything else of the class. */
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    static class WithOneInstance extends Controlled {}

    @DirtiesContext
    static class Closing extends Controlled {}

    @SpringJUnitConfig(Application.class)
    @DirtiesContext
    static class Uncontrolled {
        @Autowired
        private ClusterLeader jobs;

        @Test
        void has_the_native_library() {
            BEANS.add(jobs);
            assertTrue(jobs.status().place().contains(directory.toString()), () -> jobs.status().place());
            Await.until("it leads", jobs::isLeader);
        }
    }
}
