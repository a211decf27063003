package io.clusterleader.spring.boot;

import io.clusterleader.spring.Elections;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.integration.leader.event.OnGrantedEvent;

/** Where Spring Integration is there, what listens to its leader events hears of the application's elections. */
@AutoConfiguration(after = ClusterLeaderAutoConfiguration.class)
@ConditionalOnClass(OnGrantedEvent.class)
@ConditionalOnBean(Elections.class)
public final class ClusterLeaderIntegrationAutoConfiguration {
    ClusterLeaderIntegrationAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    IntegrationEvents clusterLeaderIntegrationEvents(ApplicationEventPublisher publisher) {
        return new IntegrationEvents(publisher);
    }
}
