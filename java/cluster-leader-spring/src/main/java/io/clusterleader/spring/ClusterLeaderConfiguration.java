package io.clusterleader.spring;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;

/** What {@link EnableClusterLeader} and the Spring Boot starter set up. */
@Configuration(proxyBeanMethods = false)
@Role(BeanDefinition.ROLE_INFRASTRUCTURE)
public class ClusterLeaderConfiguration {
    /** Made by Spring. */
    ClusterLeaderConfiguration() {}

    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    static ScheduledProcessorReplacement clusterLeaderScheduledProcessorReplacement() {
        return new ScheduledProcessorReplacement();
    }

    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    static LeaderOnlyBeanPostProcessor clusterLeaderLeaderOnlyBeanPostProcessor() {
        return new LeaderOnlyBeanPostProcessor();
    }

    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    static LeaderOnlyJobs clusterLeaderJobs() {
        return new LeaderOnlyJobs();
    }

    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    static Runs clusterLeaderRuns() {
        return new Runs();
    }

    @Bean
    Elections clusterLeaderElections(
            ObjectProvider<ClusterLeaderSettings> settings, Runs runs, ApplicationEventPublisher publisher) {
        return new Elections(settings.getIfUnique(ClusterLeaderSettings::new), runs, publisher);
    }

    @Bean
    Guard clusterLeaderGuard(
            ObjectProvider<ClusterLeaderSettings> settings, Elections elections, LeaderOnlyJobs jobs, Runs runs,
            ApplicationEventPublisher publisher) {
        elections.whenTakingOver(seat -> jobs.takeOver(seat, elections));
        return new Guard(settings.getIfUnique(ClusterLeaderSettings::new), elections, runs, publisher);
    }

    @Bean
    ClusterLeaderLifecycle clusterLeaderLifecycle(
            ObjectProvider<ClusterLeaderSettings> settings, Elections elections, LeaderOnlyJobs jobs, Runs runs) {
        return new ClusterLeaderLifecycle(settings.getIfUnique(ClusterLeaderSettings::new), elections, jobs, runs);
    }

    @Bean
    ClusterLeaderService clusterLeaderService(Elections elections, Runs runs) {
        return new ClusterLeaderService(elections, runs);
    }
}
