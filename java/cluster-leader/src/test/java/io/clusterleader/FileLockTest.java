package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Machines that no native library fits: a developer's, where a file lock decides. */
class FileLockTest {
    private static final List<String> NO_LIBRARY = List.of("-Dos.name=Plan9");
    private static final ClusterLeaderException MISSING = new ClusterLeaderException("No library.");

    @TempDir
    private Path directory;

    static Stream<Path> javas() {
        return Javas.all().stream();
    }

    // ---- processes --------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("javas")
    void g2_g8_of_two_jvms_one_leads_and_after_kill_9_the_other(Path java) {
        try (ChildJvm first = candidate(java, "first"); ChildJvm second = candidate(java, "second")) {
            first.await("first answer false");
            second.await("first answer false");
            Await.until("one leads", () -> first.said("leads") || second.said("leads"));
            ChildJvm leader = first.said("leads") ? first : second;
            ChildJvm other = leader == first ? second : first;
            Await.always("only one leads", Duration.ofSeconds(1), () -> !other.said("leads"));
            assertTrue(leader.output().contains("no native library for plan9-"), leader::output);
            assertTrue(leader.output().contains("an exclusive lock on " + directory), leader::output);
            assertTrue(leader.output().contains("among the Java processes of this machine only"), leader::output);
            long token = number(leader.await("acquired "));
            leader.kill();
            other.await("leads");
            long next = number(other.await("acquired "));
            assertTrue(next > token, next + " after " + token);
        }
    }

    @Test
    void g7_stepping_down_and_closing_hand_over_and_a_normal_end_too() {
        Path java = ChildJvm.thisJava();
        try (ChildJvm first = candidate(java, "first")) {
            first.await("leads");
            try (ChildJvm second = candidate(java, "second")) {
                second.await("leader first");
                first.send("step down");
                first.await("follows");
                second.await("leads");
                first.await("leader second");
                second.send("close");
                second.await("follows");
                first.await("leads");
                first.send("status");
                assertTrue(first.await("status").contains("first is leading in file lock " + directory), first::output);
                first.send("exit");
                assertEquals(0, first.exitCode(), first::output);
            }
        }
    }

    @Test
    void in_kubernetes_a_missing_library_is_an_error() {
        Path java = ChildJvm.thisJava();
        Map<String, String> pod = Map.of("KUBERNETES_SERVICE_HOST", "10.0.0.1");
        for (ChildJvm each : List.of(
                ChildJvm.run(java, pod, NO_LIBRARY, Candidate.class),
                ChildJvm.run(java, Map.of("CLUSTER_LEADER_STORE", "kubernetes"), NO_LIBRARY, Candidate.class),
                ChildJvm.run(java, pod, List.of(NO_LIBRARY.get(0), "-Dcluster-leader.store=file:" + directory), Candidate.class))) {
            try (ChildJvm child = each) {
                assertEquals(1, child.exitCode(), child::output);
                assertTrue(child.output().contains("ClusterLeaderException: The jar has no native library for plan9-"), child::output);
                assertTrue(child.output().contains("make native"), child::output);
                assertFalse(child.output().contains("lock"), child::output);
            }
        }
    }

    private ChildJvm candidate(Path java, String name) {
        List<String> options = new ArrayList<>(NO_LIBRARY);
        options.add("-Dcluster-leader.instance-name=" + name);
        options.add("-Dcluster-leader.store=file:" + directory);
        return ChildJvm.run(java, Map.of(), options, Candidate.class);
    }

    private static long number(String line) {
        return Long.parseLong(line.substring(line.lastIndexOf(' ') + 1));
    }

    // ---- class loaders ----------------------------------------------------------------------

    @Test
    void g2_of_two_class_loaders_one_leads_and_what_one_closes_is_not_the_others() {
        Path java = ChildJvm.thisJava();
        List<String> options = new ArrayList<>(NO_LIBRARY);
        options.add("-Dcluster-leader.store=file:" + directory);
        try (ChildJvm loaders = ChildJvm.run(java, Map.of(), options, ClassLoaders.class)) {
            loaders.await("one leads");
            try (ChildJvm outside = candidate(java, "outside")) {
                outside.await("first answer false");
                Await.always("only one leads", Duration.ofSeconds(1), () -> !outside.said("leads"));
                loaders.send("close the follower");
                loaders.await("closed");
                Await.always("the lock is kept", Duration.ofSeconds(1), () -> !outside.said("leads"));
                loaders.send("close the leader");
                loaders.await("closed");
                outside.await("leads");
            }
        }
    }

    /** Two class loaders of one JVM stand. */
    static final class ClassLoaders {
        private ClassLoaders() {}

        public static void main(String[] arguments) throws Exception {
            List<Object> elections = new ArrayList<>();
            for (int each = 0; each < 2; each++) {
                elections.add(NativeLibraryTest.loader(NativeLibraryTest.CLASSES)
                        .loadClass(ClusterLeader.class.getName()).getMethod("thisInstance").invoke(null));
            }
            Await.until("one leads", () -> elections.stream().anyMatch(ClassLoaders::isLeader));
            Await.always("never both", Duration.ofSeconds(1), () -> !elections.stream().allMatch(ClassLoaders::isLeader));
            elections.sort((one, another) -> Boolean.compare(isLeader(one), isLeader(another)));
            System.out.println("one leads");
            for (Object next : elections) { // The follower first.
                if (System.in.read() < 0) {
                    return;
                }
                while (System.in.read() != '\n') {
                    // Until the end of the line.
                }
                ((AutoCloseable) next).close();
                System.out.println("closed");
            }
            Thread.currentThread().join();
        }

        private static boolean isLeader(Object election) {
            try {
                return (boolean) election.getClass().getMethod("isLeader").invoke(election);
            } catch (ReflectiveOperationException failure) {
                throw new AssertionError(failure);
            }
        }
    }

    // ---- the API ----------------------------------------------------------------------------

    @Test
    void the_whole_api_answers() {
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        FileLockCandidacy leader = stand(Election.named("billing-jobs").instanceName("one"));
        Listeners listeners = new Listeners(leader);
        listeners.add(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                told.add("acquired term " + term);
            }

            @Override
            public void onLost(long token, LostReason reason) {
                told.add("lost " + reason);
            }

            @Override
            public void onLeaderChanged(Optional<String> name) {
                told.add("leader " + name.orElse("nobody"));
            }
        });
        assertFalse(leader.isLeader());
        leader.begin(listeners::deliver);
        until("leads", leader::isLeader);
        assertTrue(leader.isLeaderFor(Duration.ofSeconds(9).toNanos()));
        assertEquals(Duration.ofSeconds(10).toNanos(), leader.remainingNanos());
        assertThrows(IllegalArgumentException.class, () -> leader.isLeaderFor(Duration.ofSeconds(10).toNanos()));
        assertTrue(leader.verify());
        Status status = new Status(leader.status());
        assertEquals("billing-jobs", status.election());
        assertEquals("file lock " + directory.resolve("billing-jobs.lock"), status.place());
        assertEquals("one", status.instanceName());
        assertTrue(status.identity().startsWith("one_"), status.identity());
        assertEquals(Status.State.LEADING, status.state());
        assertEquals(OptionalLong.of(0), status.term());
        assertTrue(status.fencingToken().isPresent());
        assertEquals(Optional.of("one"), status.leader());
        assertEquals(Optional.of(status.identity()), status.leaderIdentity());
        assertEquals(Optional.empty(), status.lastProblem());

        FileLockCandidacy other = stand(Election.named("billing-jobs").instanceName("two"));
        other.begin(() -> {});
        until("knows the leader", () -> new Status(other.status()).leader().equals(Optional.of("one")));
        assertFalse(other.isLeader() || other.isLeaderFor(1) || other.verify());
        assertEquals(0, other.remainingNanos());
        assertEquals(OptionalLong.empty(), new Status(other.status()).fencingToken());

        Thread.currentThread().interrupt();
        leader.stepDown();
        assertTrue(Thread.interrupted(), "an interrupt is for whoever was interrupted");
        assertFalse(leader.isLeader());
        until("the other leads", other::isLeader);
        Status after = new Status(other.status());
        assertEquals(OptionalLong.of(1), after.term());
        assertTrue(after.fencingToken().getAsLong() > status.fencingToken().getAsLong());
        until("told", () -> told.equals(List.of(
                "leader one", "acquired term 0", "lost STEPPED_DOWN", "leader nobody", "leader two"))
                || told.equals(List.of("leader one", "acquired term 0", "lost STEPPED_DOWN", "leader two")));

        other.stop();
        assertFalse(other.isLeader());
        assertNull(other.status());
        assertThrows(ClusterLeaderException.class, other::verify);
        other.stop();
        other.stepDown();
        until("leads again", leader::isLeader);
        leader.stop();
        leader.end();
        listeners.end();
        until("told the end", () -> told.contains("lost STOPPED"));
    }

    @Test
    void who_waits_until_ready_does_not_stand_before() {
        FileLockCandidacy waiting = stand(Election.named("default").waitUntilReady(true));
        waiting.begin(() -> {});
        Await.always("does not stand", Duration.ofSeconds(1), () -> !waiting.isLeader());
        waiting.ready();
        until("leads", waiting::isLeader);
        waiting.stop();
    }

    @Test
    void who_is_not_healthy_does_not_lead() {
        FileLockCandidacy checked = stand(Election.named("default").healthCheck(() -> true));
        checked.begin(() -> {});
        Await.always("does not stand", Duration.ofSeconds(1), () -> !checked.isLeader());
        checked.beat(true);
        until("leads", checked::isLeader);
        checked.beat(false);
        Await.always("does not lead", Duration.ofSeconds(1), () -> !checked.isLeader());
        checked.beat(true);
        until("leads again", checked::isLeader);
        checked.stop();
    }

    @Test
    void who_does_not_say_how_it_is_does_not_lead() {
        FileLockCandidacy silent =
                stand(Election.named("default").healthCheck(() -> true).heartbeat(Duration.ofSeconds(3)));
        silent.begin(() -> {});
        silent.beat(true);
        until("leads", silent::isLeader);
        until("leads no more", () -> !silent.isLeader());
        silent.beat(true);
        until("leads again", silent::isLeader);
        silent.stop();
    }

    @Test
    void who_locked_a_file_that_was_deleted_leads_no_more_and_follows_whoever_locks_its_successor() throws Exception {
        FileLockCandidacy first = stand(Election.named("deleted"));
        first.begin(() -> {});
        until("leads", first::isLeader);
        Files.delete(directory.resolve("deleted.lock"));
        FileLockCandidacy second = stand(Election.named("deleted"));
        second.begin(() -> {});
        until("the first has noticed", () -> isAtMostOneLeader(first, second) && !first.isLeader());
        until("one leads again", () -> isAtMostOneLeader(first, second) && (first.isLeader() || second.isLeader()));
        first.stop();
        until("the other leads", second::isLeader);
        second.stop();
    }

    private static boolean isAtMostOneLeader(FileLockCandidacy one, FileLockCandidacy other) {
        assertFalse(one.isLeader() && other.isLeader() && one.isLeader(), "two leaders");
        return true;
    }

    @Test
    void g2_other_system_properties_do_not_unlock_what_is_locked() throws Exception {
        FileLockCandidacy first = stand(Election.named("properties"));
        first.begin(() -> {});
        until("leads", first::isLeader);
        Properties before = System.getProperties();
        Properties others = new Properties();
        before.stringPropertyNames().forEach(name -> others.setProperty(name, before.getProperty(name)));
        System.setProperties(others);
        try {
            FileLockCandidacy second = stand(Election.named("properties"));
            second.begin(() -> {});
            Await.always("does not lead", Duration.ofSeconds(1), () -> !second.isLeader());
            second.stop();
        } finally {
            System.setProperties(before);
        }
        first.stop();
    }

    @Test
    void once_stopped_nothing_is_handed_over_and_nothing_fails() {
        FileLockCandidacy only = stand(Election.named("default"));
        only.begin(() -> {});
        until("leads", only::isLeader);
        only.stop();
        only.stepDown();
        only.beat(false);
        assertFalse(only.isLeader());
    }

    @Test
    void who_stepped_down_leads_again_when_nobody_else_wants_to() {
        FileLockCandidacy only = stand(Election.named("default").leaseDuration(Duration.ofSeconds(1)));
        only.begin(() -> {});
        until("leads", only::isLeader);
        only.stepDown();
        assertFalse(only.isLeader());
        until("leads again", only::isLeader);
        only.stop();
    }

    @Test
    void the_directory_is_made_for_this_user_only() throws Exception {
        Path deep = directory.resolve("not/there");
        FileLockCandidacy.stand(Election.named("default").store("file:" + deep), MISSING).stop();
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(deep)));
    }

    @Test
    void a_link_in_place_of_the_file_is_not_followed() throws Exception {
        Path victim = Files.writeString(directory.resolve("victim"), "untouched");
        Files.createSymbolicLink(directory.resolve("default.lock"), victim);
        ClusterLeaderException refused = assertThrows(ClusterLeaderException.class, () -> stand(Election.named("default")));
        assertTrue(refused.getMessage().contains("default.lock"), refused::getMessage);
        assertEquals("untouched", Files.readString(victim));
    }

    private FileLockCandidacy stand(Election election) {
        return FileLockCandidacy.stand(election.store("file:" + directory), MISSING);
    }

    private static void until(String what, BooleanSupplier condition) {
        Await.until(what, condition);
    }

    // ---- settings ---------------------------------------------------------------------------

    @Test
    void settings_come_from_the_election_then_from_the_environment() throws Exception {
        Map<String, String> environment = Map.of(
                "CLUSTER_LEADER_ELECTION", "from-environment", "CLUSTER_LEADER_LEASE_DURATION", "2m",
                "CLUSTER_LEADER_INSTANCE_NAME", "", "HOSTNAME", "laptop", "CLUSTER_LEADER_STORE", "file:" + directory);
        FileLockSettings settings = new FileLockSettings(Map.of("lease-duration", "20s"), environment::get);
        assertEquals("from-environment", settings.election());
        assertEquals(Duration.ofSeconds(20), settings.leaseDuration());
        assertEquals(Duration.ofSeconds(10), settings.renewDeadline());
        assertEquals("laptop", settings.instanceName());
        assertEquals(directory.resolve("from-environment.lock"), settings.file());
        assertFalse(settings.areOfACluster());
    }

    @Test
    void files_of_this_user_are_where_the_native_library_would_keep_them() throws Exception {
        Map<String, String> environment = Map.of("XDG_STATE_HOME", directory.toString(), "CLUSTER_LEADER_STORE", "file");
        assertEquals(directory.resolve("cluster-leader/default.lock"), new FileLockSettings(Map.of(), environment::get).file());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "CLUSTER_LEADER_ELECTION=../up", "CLUSTER_LEADER_ELECTION=UPPER", "CLUSTER_LEADER_RENEW_DEADLINE=10",
        "CLUSTER_LEADER_LEASE_DURATION=0s", "CLUSTER_LEADER_STORE=file:relative", "CLUSTER_LEADER_STORE=redis",
        "CLUSTER_LEADER_INSTANCE_NAME=two\nlines"
    })
    void a_wrong_value_is_named_with_the_rule(String variable) {
        String[] parts = variable.split("=");
        FileLockSettings settings = new FileLockSettings(Map.of(), name -> name.equals(parts[0]) ? parts[1]
                : name.equals("CLUSTER_LEADER_STORE") ? "file:" + directory : null);
        ClusterLeaderException refused = assertThrows(ClusterLeaderException.class, () -> {
            settings.instanceName();
            settings.leaseDuration();
            settings.renewDeadline();
            settings.file();
        });
        String property = parts[0].replace("CLUSTER_LEADER_", "cluster-leader.").toLowerCase().replace('_', '-');
        assertTrue(refused.getMessage().contains(property + ": \"" + parts[1] + "\""), refused::getMessage);
    }

    @Test
    void in_a_container_files_must_be_asked_for() {
        if (!Files.exists(Path.of("/.dockerenv")) && !Files.exists(Path.of("/run/.containerenv"))) {
            Javas.skip("files in a container: this is none");
            return;
        }
        ClusterLeaderException refused = assertThrows(
                ClusterLeaderException.class, () -> new FileLockSettings(Map.of(), name -> null).file());
        assertTrue(refused.getMessage().contains("every container would elect itself"), refused::getMessage);
    }
}
