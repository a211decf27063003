package io.clusterleader.spring;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import org.springframework.util.ClassUtils;

/** What {@link EnableClusterLeader} and the Spring Boot starter set up. */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public class ClusterLeaderConfiguration {
    /** Made by Spring. */
    ClusterLeaderConfiguration() {}

    @Bean
    Runs clusterLeaderRuns() {
        return new Runs();
    }

    @Bean
    Elections clusterLeaderElections(ObjectProvider<ClusterLeaderSettings> settings, ApplicationEventPublisher publisher) {
        ClassLoader classLoader = ClassUtils.getDefaultClassLoader();
        return new Elections(settings.getIfUnique(ClusterLeaderSettings::new),
                joined -> joined.addListener(new LeadershipEvents(joined, publisher, classLoader)));
    }

    @Bean
    ClusterLeaderLifecycle clusterLeaderLifecycle(ObjectProvider<ClusterLeaderSettings> settings, Elections elections, Runs runs) {
        return new ClusterLeaderLifecycle(settings.getIfUnique(ClusterLeaderSettings::new), elections, runs);
    }

    @Bean
    ClusterLeaderService clusterLeaderService(Elections elections, Runs runs) {
        return new ClusterLeaderService(elections, runs);
    }
}
