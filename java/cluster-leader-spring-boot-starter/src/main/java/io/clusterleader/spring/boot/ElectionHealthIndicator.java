package io.clusterleader.spring.boot;

import java.time.Duration;
import org.springframework.boot.actuate.health.AbstractHealthIndicator;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.Status;

/** For Spring Boot 2.7 and 3. */
final class ElectionHealthIndicator extends AbstractHealthIndicator {
    private final ElectionReport report;
    private final Duration downAfter;

    ElectionHealthIndicator(ElectionReport report, Duration downAfter) {
        this.report = report;
        this.downAfter = downAfter;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        ElectionReport.Health health = report.health(downAfter);
        builder.status(new Status(health.verdict().name())).withDetails(health.details());
    }
}
