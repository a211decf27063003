package io.clusterleader.spring.boot;

import io.clusterleader.spring.ClusterLeaderConfiguration;
import io.clusterleader.spring.ClusterLeaderLifecycle;
import io.clusterleader.spring.ClusterLeaderSettings;
import io.clusterleader.spring.Elections;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;

/** Has an application stand in its election, and guards its leader-only jobs. */
@AutoConfiguration
@ConditionalOnProperty(prefix = "cluster-leader", name = "enabled", matchIfMissing = true)
@EnableConfigurationProperties(ClusterLeaderProperties.class)
@Import(ClusterLeaderConfiguration.class)
public final class ClusterLeaderAutoConfiguration {
    ClusterLeaderAutoConfiguration() {}

    @Bean
    static NativeLibraryProperties clusterLeaderNativeLibraryProperties(Environment environment) {
        return new NativeLibraryProperties(environment);
    }

    @Bean
    ElectionHistory clusterLeaderElectionHistory() {
        return new ElectionHistory();
    }

    @Bean
    ElectionReport clusterLeaderElectionReport(Elections elections, ElectionHistory history) {
        return new ElectionReport(elections, history);
    }

    @Bean
    @ConditionalOnMissingBean
    ClusterLeaderSettings clusterLeaderSettings(ClusterLeaderProperties properties, Environment environment) {
        ClusterLeaderSettings settings = new ClusterLeaderSettings();
        String named = properties.election();
        settings.setElection(named != null ? named : environment.getProperty("spring.application.name"));
        settings.setDetails(properties::details);
        settings.setScheduledLeaderOnly(properties.scheduled().leaderOnly());
        settings.setDelivery(properties.scheduled().delivery());
        settings.setMisfire(properties.scheduled().misfire());
        settings.setMisfireThreshold(properties.scheduled().misfireThreshold());
        settings.setReadyAtStart(properties.joinWhen() == ClusterLeaderProperties.JoinWhen.STARTED);
        settings.setInterruptOnLoss(properties.interruptOnLoss());
        settings.setDrainTimeout(properties.drainTimeout());
        return settings;
    }

    @Bean
    ApplicationListener<ApplicationReadyEvent> clusterLeaderReady(Elections elections, ApplicationContext context) {
        return ready -> {
            if (ready.getApplicationContext() == context) {
                elections.ready();
            }
        };
    }

    @Bean
    LivenessListener clusterLeaderLiveness(ClusterLeaderLifecycle lifecycle) {
        return new LivenessListener(lifecycle);
    }
}
