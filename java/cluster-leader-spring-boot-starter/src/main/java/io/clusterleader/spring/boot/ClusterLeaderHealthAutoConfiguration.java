package io.clusterleader.spring.boot;

import io.clusterleader.spring.Elections;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Shows in the health of an application how its elections fare. */
@AutoConfiguration(after = ClusterLeaderAutoConfiguration.class)
@ConditionalOnBean(Elections.class)
public final class ClusterLeaderHealthAutoConfiguration {
    ClusterLeaderHealthAutoConfiguration() {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "org.springframework.boot.actuate.health.HealthIndicator")
    @org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator("cluster-leader")
    static class UntilBoot3 {
        @Bean
        @ConditionalOnMissingBean(name = "clusterLeaderHealthIndicator")
        ElectionHealthIndicator clusterLeaderHealthIndicator(ElectionReport report, ClusterLeaderProperties properties) {
            return new ElectionHealthIndicator(report, properties.health().downAfter());
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "org.springframework.boot.health.contributor.HealthIndicator")
    @org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator("cluster-leader")
    static class SinceBoot4 {
        @Bean
        @ConditionalOnMissingBean(name = "clusterLeaderHealthIndicator")
        Boot4ElectionHealthIndicator clusterLeaderHealthIndicator(ElectionReport report, ClusterLeaderProperties properties) {
            return new Boot4ElectionHealthIndicator(report, properties.health().downAfter());
        }
    }
}
