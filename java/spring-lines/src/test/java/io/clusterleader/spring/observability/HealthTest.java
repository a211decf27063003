package io.clusterleader.spring.observability;

import static io.clusterleader.spring.observability.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.jayway.jsonpath.JsonPath;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HealthTest {
    private static Map<String, Object> health(HttpResponse<String> response) {
        return JsonPath.read(response.body(), "$.components.clusterLeader");
    }

    @Test
    void leaderAndStandbyAreUpAndSayWhoLeads() throws Exception {
        try (ObservedApplication leader = ObservedApplication.startLeader("health", "one");
                ObservedApplication standby = ObservedApplication.start("health", "two")) {
            HttpResponse<String> ofLeader = leader.get("health");
            assertThat(ofLeader.statusCode()).isEqualTo(200);
            assertThat(health(ofLeader)).containsEntry("status", "UP");
            Map<String, Object> details = JsonPath.read(ofLeader.body(), "$.components.clusterLeader.details");
            assertThat(details).containsOnlyKeys(
                    "election", "place", "instanceName", "identity", "state", "leader", "since", "remaining", "further");
            assertThat(details).containsEntry("election", "health").containsEntry("state", "leading").containsEntry("leader", "one");
            assertThat(Duration.parse((String) details.get("remaining"))).isBetween(Duration.ofMillis(1), Duration.ofSeconds(2));
            assertThat(Instant.parse((String) details.get("since"))).isBetween(Instant.now().minusSeconds(60), Instant.now());

            HttpResponse<String> ofStandby = eventually(() -> standby.get("health"), response ->
                    assertThat(JsonPath.<String>read(response.body(), "$.components.clusterLeader.details.leader")).isEqualTo("one"));
            assertThat(ofStandby.statusCode()).isEqualTo(200);
            assertThat(health(ofStandby)).containsEntry("status", "UP");
            assertThat(JsonPath.<String>read(ofStandby.body(), "$.components.clusterLeader.details.state")).isEqualTo("following");
        }
    }

    @Test
    void furtherElectionsFollowTheApplicationsOwn() throws Exception {
        try (ObservedApplication application = ObservedApplication.startLeader("health-of-several", "one")) {
            assertThat(JsonPath.<List<String>>read(
                    application.get("health").body(), "$.components.clusterLeader.details.further[*].election"))
                    .containsExactly("reports-health-of-several");
        }
    }

    @Test
    void whatIsWrongForLongIsDownUntilItIsRightAgain(@TempDir Path temporary) throws Exception {
        Path store = temporary.resolve("elections");
        Path aside = temporary.resolve("aside");
        try (ObservedApplication application = ObservedApplication.startLeader(
                "health-down", "one", "--cluster-leader.store=file:" + store, "--cluster-leader.health.down-after=1s",
                "--management.endpoint.health.probes.enabled=true",
                "--management.endpoint.health.group.elections.include=clusterLeader")) {
            Files.move(store, aside);
            Files.createFile(store);
            HttpResponse<String> down = eventually(() -> application.get("health"), response ->
                    assertThat(response.statusCode()).isEqualTo(503));
            assertThat(health(down)).containsEntry("status", "DOWN");
            assertThat(JsonPath.<String>read(down.body(), "$.components.clusterLeader.details.problem")).contains(store.toString());
            Instant since = Instant.parse(JsonPath.read(down.body(), "$.components.clusterLeader.details.problemSince"));
            assertThat(since).isBetween(Instant.now().minusSeconds(60), Instant.now());

            assertThat(application.get("health/elections").statusCode()).as("a group that names it").isEqualTo(503);
            assertThat(application.get("health/liveness").statusCode()).as("it belongs to no probe").isEqualTo(200);
            assertThat(application.get("health/readiness").statusCode()).as("it belongs to no probe").isEqualTo(200);

            Files.delete(store);
            Files.move(aside, store);
            eventually(() -> application.get("health"), response -> assertThat(response.statusCode()).isEqualTo(200));
        }
    }
}
