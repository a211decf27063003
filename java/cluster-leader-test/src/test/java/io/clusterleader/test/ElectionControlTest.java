package io.clusterleader.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.clusterleader.ClusterLeader;
import io.clusterleader.ClusterLeaderException;
import io.clusterleader.Status;
import io.clusterleader.spi.Library;
import io.clusterleader.spi.Settings;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ElectionControlTest {
    private static final String ALWAYS = "cluster-leader.test.controlled";

    @AfterEach
    void forget() {
        System.clearProperty(ALWAYS);
    }

    @Test
    void what_was_joined_obeys_each_test_that_takes_control() {
        ClusterLeader joined;
        Recorder recorder = new Recorder();
        long first;
        try (ElectionControl control = ElectionControl.open()) {
            joined = ClusterLeader.join("jobs");
            joined.addListener(recorder);
            first = control.election().becomeLeader().awaitListeners().fencingToken().orElseThrow();
        }
        String here = joined.status().instanceName();
        assertEquals(
                List.of("leader " + here, "acquired " + first + " term 0", "lost " + first + " DELETED", "leader nobody"),
                recorder.told);
        assertFalse(joined.isLeader());
        assertFalse(joined.verify());
        assertEquals(Optional.empty(), joined.leader());
        assertEquals(OptionalLong.empty(), joined.term());
        joined.stepDown();
        recorder.told.clear();
        try (ElectionControl control = ElectionControl.open(true)) {
            assertTrue(joined.isLeader());
            long second = control.election().awaitListeners().fencingToken().orElseThrow();
            assertTrue(second > first);
            assertEquals(List.of("leader " + here, "acquired " + second + " term 0"), recorder.told);
            control.election("jobs").loseLeadership();
        }
        joined.close();
        joined.close();
        assertEquals(Status.State.STOPPED, joined.status().state());
    }

    @Test
    void there_is_one_at_a_time() {
        ElectionControl control = ElectionControl.open();
        try {
            IllegalStateException refused = assertThrows(IllegalStateException.class, ElectionControl::open);
            assertEquals(
                    ElectionControlTest.class.getName(),
                    Stream.of(refused.getCause().getStackTrace()).map(StackTraceElement::getClassName)
                            .filter(name -> !name.equals(ElectionControl.class.getName())).findFirst().orElseThrow());
        } finally {
            control.close();
            control.close();
        }
        assertThrows(IllegalStateException.class, () -> control.election().becomeLeader());
        assertThrows(IllegalStateException.class, () -> control.election("jobs"));
    }

    @Test
    void who_did_not_ask_gets_the_native_library() {
        assertNull(stand());
        ElectionControl control = ElectionControl.open();
        assertNotNull(stand());
        control.close();
        assertNull(stand());
    }

    @Test
    void a_property_keeps_the_native_library_out() {
        System.setProperty(ALWAYS, "true");
        assertNotNull(stand());
        try (ClusterLeader joined = ClusterLeader.join("jobs")) {
            assertFalse(joined.isLeader());
            assertEquals(Optional.empty(), joined.leader());
            ElectionControl control = ElectionControl.open(true);
            assertTrue(joined.isLeader());
            control.close();
            assertFalse(joined.isLeader());
        }
        System.setProperty(ALWAYS, "yes");
        String refusal = assertThrows(ClusterLeaderException.class, () -> ClusterLeader.join("jobs")).getMessage();
        assertTrue(refusal.contains(ALWAYS) && refusal.contains("yes"), refusal);
    }

    @Test
    void what_cannot_be_controlled_is_named() {
        List<String> warnings = new CopyOnWriteArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                warnings.add(new SimpleFormatter().formatMessage(line));
            }

            @Override
            public void flush() {
                // Nothing is kept back.
            }

            @Override
            public void close() {
                // Nothing is open.
            }
        };
        Logger logger = Logger.getLogger("io.clusterleader");
        logger.addHandler(handler);
        try {
            assertNull(stand());
            ElectionControl.open().close();
            ElectionControl.open().close();
        } finally {
            logger.removeHandler(handler);
        }
        List<String> named = warnings.stream().filter(line -> line.contains("joined-too-early")).toList();
        assertEquals(1, named.size(), warnings::toString);
        assertTrue(named.get(0).contains(ALWAYS), named::toString);
    }

    /** As the library asks. */
    private static Object stand() {
        Settings settings = new Settings(Map.of("election", "joined-too-early"), name -> null);
        return new ControlledCandidacyProvider().stand(settings, new Library() {
            @Override
            public void afterListeners(Runnable task) {
                task.run();
            }

            @Override
            public void forgetClosed() {
                // There is nothing.
            }
        });
    }

    @Test
    void neither_junit_nor_spring_nor_the_native_library_is_needed() throws Exception {
        List<String> classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.contains("cluster-leader"))
                .toList();
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java", "-Xmx64m", "-Dcluster-leader.native.path=/nowhere",
                "-cp", String.join(File.pathSeparator, classPath), Alone.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), output);
        assertEquals("led", output.trim());
    }

    /** A program with the kit and nothing else on its class path. */
    static final class Alone {
        public static void main(String[] arguments) throws Exception {
            for (String absent : List.of("org.junit.jupiter.api.Test", "org.springframework.test.context.ContextCustomizer")) {
                try {
                    throw new IllegalStateException("on the class path: " + Class.forName(absent));
                } catch (ClassNotFoundException expected) {
                    // As it should be.
                }
            }
            try (ElectionControl control = ElectionControl.open()) {
                control.election().becomeLeader();
                System.out.println(ClusterLeader.isThisInstanceLeader() ? "led" : "did not lead");
            }
        }
    }
}
