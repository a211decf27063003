package io.clusterleader.spring.observability;

import static io.clusterleader.spring.observability.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.jayway.jsonpath.JsonPath;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EndpointTest {
    @Test
    void electionsJobsAndHistoryAreReported() throws Exception {
        try (ObservedApplication leader = ObservedApplication.startLeader("endpoint", "one")) {
            HttpResponse<String> response = eventually(() -> leader.get("clusterleader"), answer ->
                    assertThat(JsonPath.<List<String>>read(answer.body(), "$.elections[0].history[*].change"))
                            .containsExactlyInAnyOrder("acquired", "leader-changed"));
            Map<String, Object> report = JsonPath.read(response.body(), "$");
            assertThat(report).containsOnlyKeys("elections", "jobs");

            Map<String, Object> election = JsonPath.read(response.body(), "$.elections[0]");
            assertThat(election).containsOnlyKeys("election", "place", "state", "instanceName", "identity", "leader", "leaderIdentity",
                    "since", "remainingMillis", "term", "fencingToken", "renewals", "problemMillis", "history");
            assertThat(election).containsEntry("election", "endpoint").containsEntry("state", "leading").containsEntry("leader", "one")
                    .containsEntry("fencingToken", String.valueOf(leader.own().fencingToken().getAsLong()));
            Map<String, Object> acquired = JsonPath.<List<Map<String, Object>>>read(
                    response.body(), "$.elections[0].history[?(@.change == 'acquired')]").get(0);
            assertThat(acquired).containsOnlyKeys("at", "change", "term", "fencingToken");
            assertThat(acquired.get("fencingToken")).isEqualTo(election.get("fencingToken"));
            assertThat(Instant.parse((String) acquired.get("at"))).isBetween(Instant.now().minusSeconds(60), Instant.now());

            eventually(() -> leader.get("clusterleader").body(), body ->
                    assertThat(JsonPath.<List<Integer>>read(body, "$.jobs[?(@.job == '" + ObservedApplication.JOB + "')].runs").get(0)).isPositive());
            String body = leader.get("clusterleader").body();
            Map<String, Object> job = JsonPath.<List<Map<String, Object>>>read(body, "$.jobs[?(@.job == '" + ObservedApplication.JOB + "')]").get(0);
            assertThat(job).containsOnlyKeys("job", "leaderOnly", "election", "runs", "skipped", "lastStart", "lastEnd", "lastTick", "nextTick",
                            "caughtUp", "missed", "avoidedDoubles")
                    .containsEntry("leaderOnly", true).containsEntry("election", "endpoint");
            assertThat(JsonPath.<List<Boolean>>read(body, "$.jobs[?(@.job =~ /.*#everywhere/)].leaderOnly")).containsExactly(false);

            assertThat(JsonPath.<String>read(leader.get("clusterleader/endpoint").body(), "$.leader")).isEqualTo("one");
            assertThat(leader.get("clusterleader/another").statusCode()).isEqualTo(404);
        }
    }

    @Test
    void theNewestChangesAreKept() throws Exception {
        try (ObservedApplication application = ObservedApplication.startLeader("endpoint-history", "one");
                ObservedApplication other = ObservedApplication.start("endpoint-history", "two")) {
            String changes = "$.elections[0].history[*].change";
            for (int term = 0; term < 17; term++) { // Each begins, and ends, and is followed by another's.
                application.own().stepDown();
                other.awaitLeadership();
                other.own().stepDown();
                application.awaitLeadership();
            }
            eventually(() -> application.get("clusterleader").body(), body -> {
                assertThat(JsonPath.<List<String>>read(body, changes)).hasSize(50).contains("lost", "acquired", "leader-changed");
                assertThat(JsonPath.<List<String>>read(body, "$.elections[0].history[?(@.change == 'lost')].reason")).containsOnly("stepped-down");
            });
        }
    }

    @Test
    void leadershipIsHandedOverOnlyWhereThatIsAllowed() throws Exception {
        try (ObservedApplication leader = ObservedApplication.startLeader("endpoint-write", "one", "--cluster-leader.endpoint.step-down=true");
                ObservedApplication standby = ObservedApplication.start("endpoint-write", "two")) {
            assertThat(standby.post("clusterleader").statusCode()).isEqualTo(405);
            assertThat(standby.post("clusterleader/endpoint-write").statusCode()).isEqualTo(405);

            HttpResponse<String> response = leader.post("clusterleader");
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(JsonPath.<String>read(response.body(), "$.state")).isEqualTo("following");
            standby.awaitLeadership();

            assertThat(leader.post("clusterleader/endpoint-write").statusCode()).as("one that does not lead may be asked").isEqualTo(200);
            assertThat(leader.post("clusterleader/another").statusCode()).as("it does not stand in that one").isEqualTo(400);
        }
    }
}
