package io.clusterleader.spring.lines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.clusterleader.spring.ClusterLeaderService;
import io.clusterleader.spring.LeaderOnlyJob;
import io.clusterleader.spring.LeaderOnlyJobs;
import io.clusterleader.test.ControlledElection;
import io.clusterleader.test.ControlledElections;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.springframework.context.ConfigurableApplicationContext;

/** Whoever has the test kit says who leads. */
@ControlledElections
@Isolated("Others stand in elections of the native library.")
class ControlledTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @Test
    void jobsRunWhileTheTestSaysThatThisInstanceLeads(ControlledElection election) {
        try (ConfigurableApplicationContext application =
                ScheduledGuardTest.start("controlled", "true", ScheduledJobs.class, ScheduledGuardTest.Auto.class)) {
            Ran ran = application.getBean(Ran.class);
            ClusterLeaderService service = application.getBean(ClusterLeaderService.class);
            LeaderOnlyJob job = application.getBean(LeaderOnlyJobs.class).all().stream()
                    .filter(each -> each.id().endsWith("Plain#isPublic"))
                    .findAny()
                    .orElseThrow();
            skipsAgain(job);
            assertThat(ran.times("public")).isZero();
            assertThat(service.isThisInstanceLeader()).isFalse();

            election.becomeLeader();
            assertThat(service.isThisInstanceLeader()).isTrue();
            await().atMost(LONG).until(() -> ran.times("public") > 2);

            election.loseLeadership();
            assertThat(service.isThisInstanceLeader()).isFalse();
            skipsAgain(job); // What was under way is over.
            int times = ran.times("public");
            skipsAgain(job);
            assertThat(ran.times("public")).isEqualTo(times);
        }
    }

    private static void skipsAgain(LeaderOnlyJob job) {
        long before = job.skipped();
        await().atMost(LONG).until(() -> job.skipped() > before + 2);
    }
}
