package io.clusterleader.spring.boot;

import io.clusterleader.ClusterLeader;
import io.clusterleader.spring.ClusterLeaderSettings;
import io.clusterleader.spring.Elections;
import io.clusterleader.spring.LeaderOnlyJobs;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/** The endpoint, where it may also hand leadership over. */
final class StepDownEndpoint extends ClusterLeaderEndpoint {
    StepDownEndpoint(Elections elections, ElectionHistory history, LeaderOnlyJobs jobs, ClusterLeaderSettings settings) {
        super(elections, history, jobs, settings);
    }

    /** Hands over the election of the application, if this instance leads it. */
    @WriteOperation
    public @Nullable Map<String, Object> stepDown() {
        return own().map(this::handOver).orElse(null);
    }

    /** Hands over an election, if this instance leads it. */
    @WriteOperation
    public Map<String, Object> stepDownFrom(@Selector String election) {
        return named(election).map(this::handOver).orElseThrow(() -> new InvalidEndpointRequestException(
                "No election " + election, "This application does not stand in the election " + election + "."));
    }

    private Map<String, Object> handOver(ClusterLeader election) {
        election.stepDown();
        return described(election);
    }
}
