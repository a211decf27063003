package com.example.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.clusterleader.spring.ClusterLeaderService;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.jdbc.core.JdbcTemplate;

/** The application as it is, alone in its election (in a directory that the pom names). */
@SpringBootTest(properties = "spring.datasource.url=jdbc:h2:mem:billing;DB_CLOSE_DELAY=-1")
class BillingApplicationTest {
    @Autowired
    private JdbcTemplate jdbc;

    @Autowired
    private ClusterLeaderService clusterLeaderService;

    @Test
    void theOnlyReplicaLeadsAndRunsEachTickOnce() {
        await().atMost(Duration.ofSeconds(30)).until(() -> planned("InvoiceJob").size() >= 4);
        assertThat(clusterLeaderService.isThisInstanceLeader()).isTrue();
        List<Instant> planned = planned("InvoiceJob");
        for (int at = 1; at < planned.size(); at++) {
            assertThat(planned.get(at)).isEqualTo(planned.get(at - 1).plusSeconds(1));
        }
        assertThat(jdbc.queryForList("select distinct instance from job_run", String.class)).hasSize(1);
    }

    private List<Instant> planned(String job) {
        return jdbc.queryForList("select planned from job_run where job = ? order by planned", Timestamp.class, job).stream()
                .map(Timestamp::toInstant)
                .toList();
    }
}
