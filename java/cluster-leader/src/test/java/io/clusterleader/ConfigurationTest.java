package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigurationTest {
    @TempDir
    private Path directory;

    static List<Arguments> bad() {
        Election good = Election.named("billing-jobs");
        return List.of(
                Arguments.of(Election.named("Billing Jobs"), List.of("Election.named", "Billing Jobs")),
                Arguments.of(good.namespace("no/slash"), List.of("Election.namespace", "no/slash")),
                Arguments.of(good.store("zookeeper"), List.of("Election.store", "zookeeper", "file:DIR")),
                Arguments.of(good.leaseDuration(Duration.ofMillis(15_500)), List.of("Election.leaseDuration", "15.5s", "whole")),
                Arguments.of(good.leaseDuration(Duration.ofSeconds(-15)), List.of("Election.leaseDuration", "-15000ms")),
                Arguments.of(good.renewDeadline(Duration.ofSeconds(15)), List.of("Election.renewDeadline", "15s")),
                Arguments.of(good.retryPeriod(Duration.ofSeconds(9)), List.of("Election.retryPeriod", "9s")),
                Arguments.of(good.terminationLog("log"), List.of("Election.terminationLog", "log", "absolute")),
                Arguments.of(good.heartbeat(Duration.ofSeconds(-1)), List.of("Election.heartbeat", "-1000ms")));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void a_bad_value_is_named_with_its_origin(Election election, List<String> expected) {
        Election placed = election.toString().contains("zookeeper") ? election : election.store("file:" + directory);
        String message = assertThrows(ClusterLeaderException.class, () -> ClusterLeader.join(placed)).getMessage();
        for (String part : expected) {
            assertTrue(message.contains(part), () -> "no '" + part + "' in: " + message);
        }
    }

    @Test
    void a_duration_finer_than_milliseconds_is_refused_and_not_cut_off() {
        String message = assertThrows(
                ClusterLeaderException.class, () -> Election.named("billing-jobs").heartbeat(Duration.ofNanos(1))).getMessage();
        assertEquals("Election.heartbeat: PT0.000000001S is not a whole number of milliseconds. Round it.", message);
    }

    @Test
    void what_the_program_says_comes_before_the_property_and_that_before_the_environment() {
        Map<String, String> environment = Map.of(
                "CLUSTER_LEADER_STORE", "file:" + directory,
                "CLUSTER_LEADER_ELECTION", "by-environment",
                "CLUSTER_LEADER_INSTANCE_NAME", "environment");
        for (List<String> expected : List.of(
                List.of("environment is", "by-environment"),
                List.of("property is", "by-property", "-Dcluster-leader.election=by-property", "-Dcluster-leader.instance-name=property"))) {
            List<String> options = expected.subList(2, expected.size());
            try (ChildJvm child = ChildJvm.run(ChildJvm.thisJava(), environment, options, Candidate.class)) {
                child.await("leads");
                child.send("status");
                String status = child.await("status");
                assertTrue(status.contains(expected.get(0)) && status.contains(expected.get(1)), status);
            }
        }
        System.setProperty("cluster-leader.election", "by-property");
        try (ClusterLeader joined = ClusterLeader.join(Election.named("by-program").store("file:" + directory))) {
            assertEquals("by-program", joined.status().election());
        } finally {
            System.clearProperty("cluster-leader.election");
        }
    }

    @Test
    void a_wrong_property_is_named_by_each_call_and_does_not_end_the_program() {
        try (ChildJvm child = ChildJvm.run(
                ChildJvm.thisJava(), Map.of("CLUSTER_LEADER_STORE", "file:" + directory), List.of("-Dcluster-leader.lease-duration=soon"),
                Misconfigured.class)) {
            child.await("cluster-leader.lease-duration");
            child.await("leads in the end");
            assertEquals(0, child.exitCode(), child::output);
        }
    }

    /** Corrects its configuration after the first complaint. */
    static final class Misconfigured {
        public static void main(String[] arguments) {
            try {
                System.out.println(ClusterLeader.isThisInstanceLeader());
            } catch (ClusterLeaderException complaint) {
                System.out.println(complaint.getMessage().replaceFirst("the property ", ""));
                System.setProperty("cluster-leader.lease-duration", "20s");
                Await.until("leads", ClusterLeader::isThisInstanceLeader);
                System.out.println("leads in the end");
            }
        }
    }

    @Test
    void a_bad_property_is_named_unless_the_program_says_otherwise() {
        System.setProperty("cluster-leader.watch-pods", "yes");
        try {
            Election election = Election.named("billing-jobs").store("file:" + directory);
            a_bad_value_is_named_with_its_origin(election, List.of("the property cluster-leader.watch-pods", "yes"));
            ClusterLeader.join(election.watchPods(true)).close();
        } finally {
            System.clearProperty("cluster-leader.watch-pods");
        }
    }
}
