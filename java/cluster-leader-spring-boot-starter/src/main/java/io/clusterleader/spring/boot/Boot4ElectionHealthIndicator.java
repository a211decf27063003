package io.clusterleader.spring.boot;

import java.time.Duration;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

/** For Spring Boot 4, which has moved what a health indicator is made of. */
final class Boot4ElectionHealthIndicator extends AbstractHealthIndicator {
    private final ElectionReport report;
    private final Duration downAfter;

    Boot4ElectionHealthIndicator(ElectionReport report, Duration downAfter) {
        this.report = report;
        this.downAfter = downAfter;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        ElectionReport.Health health = report.health(downAfter);
        builder.status(new Status(health.verdict().name())).withDetails(health.details());
    }
}
