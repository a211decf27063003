package io.clusterleader.spring.lines;

import static org.assertj.core.api.Assertions.assertThat;

import io.clusterleader.ClusterLeader;
import io.clusterleader.spring.ClusterLeaderService;
import io.clusterleader.spring.Elections;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.scheduling.annotation.EnableScheduling;

class StartTest {
    @Test
    void theOnlyInstanceLeadsTheElectionNamedAfterTheApplication() throws InterruptedException {
        try (ConfigurableApplicationContext application = new SpringApplicationBuilder(Application.class)
                .properties("spring.application.name=start", "server.port=0")
                .run()) {
            ClusterLeader own = application.getBean(Elections.class).own().orElseThrow();
            assertThat(own.await(Duration.ofSeconds(30))).isTrue();
            assertThat(own.status().election()).isEqualTo("start");
            assertThat(application.getBean(ClusterLeaderService.class).isThisInstanceLeader()).isTrue();
            assertThat(ClusterLeader.isThisInstanceLeader()).isTrue();
        }
        assertThat(ClusterLeader.isThisInstanceLeader()).isFalse();
    }

    @EnableAutoConfiguration
    @EnableScheduling
    static class Application {}
}
