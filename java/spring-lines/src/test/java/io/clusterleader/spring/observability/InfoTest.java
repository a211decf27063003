package io.clusterleader.spring.observability;

import static org.assertj.core.api.Assertions.assertThat;

import com.jayway.jsonpath.JsonPath;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InfoTest {
    @Test
    void infoNamesTheElectionAndItsLeader() throws Exception {
        try (ObservedApplication application = ObservedApplication.startLeader("info", "one")) {
            Map<String, Object> info = JsonPath.read(application.get("info").body(), "$['cluster-leader']");
            assertThat(info).containsOnlyKeys("election", "place", "instanceName", "identity", "state", "leader", "further")
                    .containsEntry("election", "info").containsEntry("leader", "one").containsEntry("state", "leading");
        }
        try (ObservedApplication silent = ObservedApplication.start("info", "one", "--management.info.cluster-leader.enabled=false")) {
            assertThat(silent.get("info").body()).doesNotContain("cluster-leader");
        }
    }
}
