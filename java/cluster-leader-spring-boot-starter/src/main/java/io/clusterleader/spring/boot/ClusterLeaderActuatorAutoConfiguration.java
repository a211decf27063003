package io.clusterleader.spring.boot;

import io.clusterleader.spring.ClusterLeaderSettings;
import io.clusterleader.spring.Elections;
import io.clusterleader.spring.LeaderOnlyJobs;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.autoconfigure.info.ConditionalOnEnabledInfoContributor;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;

/** The endpoint {@code /actuator/clusterleader}, and what {@code /actuator/info} says. */
@AutoConfiguration(after = ClusterLeaderAutoConfiguration.class)
@ConditionalOnClass({ConditionalOnAvailableEndpoint.class, ConditionalOnEnabledInfoContributor.class})
@ConditionalOnBean(Elections.class)
public final class ClusterLeaderActuatorAutoConfiguration {
    ClusterLeaderActuatorAutoConfiguration() {}

    @Bean
    @ConditionalOnEnabledInfoContributor("cluster-leader")
    @ConditionalOnMissingBean(name = "clusterLeaderInfoContributor")
    InfoContributor clusterLeaderInfoContributor(ElectionReport report) {
        return info -> info.withDetail("cluster-leader", report.info());
    }

    @Bean
    @ConditionalOnAvailableEndpoint(endpoint = ClusterLeaderEndpoint.class)
    @ConditionalOnProperty(prefix = "cluster-leader.endpoint", name = "step-down", havingValue = "true")
    @ConditionalOnMissingBean(ClusterLeaderEndpoint.class)
    StepDownEndpoint clusterLeaderStepDownEndpoint(
            Elections elections, ElectionHistory history, LeaderOnlyJobs jobs, ClusterLeaderSettings settings) {
        return new StepDownEndpoint(elections, history, jobs, settings);
    }

    @Bean
    @ConditionalOnAvailableEndpoint(endpoint = ClusterLeaderEndpoint.class)
    @ConditionalOnMissingBean
    ClusterLeaderEndpoint clusterLeaderEndpoint(
            Elections elections, ElectionHistory history, LeaderOnlyJobs jobs, ClusterLeaderSettings settings) {
        return new ClusterLeaderEndpoint(elections, history, jobs, settings);
    }
}
