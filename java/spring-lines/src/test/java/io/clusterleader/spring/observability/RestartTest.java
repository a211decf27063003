package io.clusterleader.spring.observability;

import static io.clusterleader.spring.observability.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.clusterleader.spring.ClusterLeaderService;
import io.clusterleader.spring.LeaderOnlyJob;
import io.clusterleader.spring.LeaderOnlyJobs;
import org.junit.jupiter.api.Test;

/** What Spring does with an application before a checkpoint of its JVM and after it was restored. */
class RestartTest {
    private static long runs(ObservedApplication application) {
        return application.context.getBean(LeaderOnlyJobs.class).all().stream()
                .filter(job -> job.id().equals(ObservedApplication.JOB)).mapToLong(LeaderOnlyJob::runs).sum();
    }

    @Test
    void leadershipIsGivenBackAndAnotherIdentityStandsAfterIt() throws Exception {
        try (ObservedApplication application = ObservedApplication.startLeader("restart", "one", ObservedApplication.WITHOUT_WEB_SERVER)) {
            String before = application.own().status().identity();
            eventually(() -> runs(application), runs -> assertThat(runs).isPositive());

            application.context.stop();
            assertThat(application.context.getBean(ClusterLeaderService.class).isThisInstanceLeader()).isFalse();
            long stopped = runs(application);
            try (ObservedApplication other = ObservedApplication.startLeader("restart", "two")) { // It need not wait.
                assertThat(runs(application)).as("nothing runs on one that is stopped").isEqualTo(stopped);
            }

            application.context.start();
            application.awaitLeadership(); // It is as ready as it was.
            assertThat(application.own().status().identity()).isNotEqualTo(before).startsWith("one_");
            eventually(() -> runs(application), runs -> assertThat(runs).isGreaterThan(stopped));
        }
    }
}
