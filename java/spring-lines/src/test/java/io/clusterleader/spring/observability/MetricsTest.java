package io.clusterleader.spring.observability;

import static io.clusterleader.spring.observability.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

class MetricsTest {
    private static MeterRegistry meters(ObservedApplication application) {
        return application.context.getBean(MeterRegistry.class);
    }

    private static double gauge(ObservedApplication application, String name, String election) {
        return meters(application).get(name).tag("election", election).gauge().value();
    }

    private static double counter(ObservedApplication application, String name, String... tags) {
        return meters(application).get(name).tags(tags).functionCounter().count();
    }

    @Test
    void electionsAreMeasured() throws Exception {
        try (ObservedApplication leader = ObservedApplication.startLeader("metrics", "one");
                ObservedApplication standby = ObservedApplication.start("metrics", "two")) {
            assertThat(gauge(leader, "cluster.leader.is.leader", "metrics")).isEqualTo(1);
            assertThat(gauge(leader, "cluster.leader.remaining", "metrics")).isBetween(0.001, 2.0);
            assertThat(gauge(standby, "cluster.leader.is.leader", "metrics")).isZero();
            assertThat(gauge(standby, "cluster.leader.remaining", "metrics")).isZero();
            eventually(() -> counter(leader, "cluster.leader.renewals", "election", "metrics"), count -> assertThat(count).isPositive());
            FunctionTimer latency = meters(leader).get("cluster.leader.renewal.latency").tag("election", "metrics").functionTimer();
            assertThat(latency.count()).isPositive();
            assertThat(latency.mean(TimeUnit.MILLISECONDS)).isBetween(0.001, 2_000.0);
            assertThat(counter(standby, "cluster.leader.renewals", "election", "metrics")).isZero();

            leader.own().stepDown();
            standby.awaitLeadership();
            eventually(() -> counter(standby, "cluster.leader.transitions", "election", "metrics"), count -> assertThat(count).isEqualTo(1));
            eventually(() -> counter(leader, "cluster.leader.transitions", "election", "metrics"), count -> assertThat(count).isEqualTo(2));
            assertThat(gauge(leader, "cluster.leader.is.leader", "metrics")).isZero();
        }
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void renewalsGoOnCountingWhereTheApplicationIsStoppedAndStarted(CapturedOutput output) throws Exception {
        try (ObservedApplication application = ObservedApplication.startLeader(
                "metrics-restarted", "one", ObservedApplication.WITHOUT_WEB_SERVER)) {
            double before = eventually(
                    () -> counter(application, "cluster.leader.renewals", "election", "metrics-restarted"), count -> assertThat(count).isPositive());
            application.context.stop();
            assertThat(gauge(application, "cluster.leader.is.leader", "metrics-restarted")).isZero();
            application.context.start();
            assertThat(counter(application, "cluster.leader.renewals", "election", "metrics-restarted")).isGreaterThanOrEqualTo(before);
            application.awaitLeadership();
            assertThat(gauge(application, "cluster.leader.is.leader", "metrics-restarted")).isEqualTo(1);
        }
        assertThat(output).as("each meter is registered once").doesNotContain("already registered");
    }

    @Test
    void leaderOnlyJobsAreMeasured() throws Exception {
        String[] tags = {"job", ObservedApplication.JOB, "election", "metrics-of-jobs"};
        try (ObservedApplication leader = ObservedApplication.startLeader("metrics-of-jobs", "one");
                ObservedApplication standby = ObservedApplication.start("metrics-of-jobs", "two")) {
            eventually(() -> counter(leader, "cluster.leader.job.runs", tags), count -> assertThat(count).isPositive());
            eventually(() -> counter(standby, "cluster.leader.job.skipped", tags), count -> assertThat(count).isPositive());
            assertThat(counter(standby, "cluster.leader.job.runs", tags)).isZero();
            assertThat(List.of("caught.up", "missed", "avoided.doubles"))
                    .allSatisfy(what -> assertThat(counter(leader, "cluster.leader.job." + what, tags)).isZero());
            assertThat(meters(leader).find("cluster.leader.job.runs").meters()).map(Meter::getId).map(id -> id.getTag("job"))
                    .as("what runs everywhere is not counted")
                    .containsExactlyInAnyOrder(ObservedApplication.JOB, ObservedApplication.Reports.class.getName() + "#write");
            assertThat(meters(leader).get("cluster.leader.is.leader").tag("election", "reports-metrics-of-jobs").gauges()).hasSize(1);
            assertThat(meters(leader).find("cluster.leader.job.skipped").tag("election", "reports-metrics-of-jobs").meters()).hasSize(1);
        }
    }
}
