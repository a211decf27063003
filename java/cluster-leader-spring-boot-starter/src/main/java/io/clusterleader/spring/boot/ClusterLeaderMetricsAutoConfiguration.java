package io.clusterleader.spring.boot;

import io.clusterleader.spring.ClusterLeaderSettings;
import io.clusterleader.spring.Elections;
import io.clusterleader.spring.LeaderOnlyJobs;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** Meters of an application's elections and leader-only jobs, in all its registries. */
@AutoConfiguration(after = ClusterLeaderAutoConfiguration.class)
@ConditionalOnClass(MeterBinder.class)
@ConditionalOnBean(Elections.class)
public final class ClusterLeaderMetricsAutoConfiguration {
    ClusterLeaderMetricsAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    ClusterLeaderMetrics clusterLeaderMetrics(
            Elections elections, ElectionHistory history, LeaderOnlyJobs jobs, ClusterLeaderSettings settings) {
        return new ClusterLeaderMetrics(elections, history, jobs, settings);
    }
}
