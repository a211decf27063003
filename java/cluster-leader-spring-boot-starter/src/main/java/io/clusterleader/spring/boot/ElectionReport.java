package io.clusterleader.spring.boot;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Status;
import io.clusterleader.spring.Elections;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** The elections of the application in the words of health and info: whatever is shown of one, and then of further ones. */
final class ElectionReport {
    private final Elections elections;
    private final ElectionHistory history;

    ElectionReport(Elections elections, ElectionHistory history) {
        this.elections = elections;
        this.history = history;
    }

    static String word(Status.State state) {
        return state.name().toLowerCase(Locale.ROOT);
    }

    /** What does not change by the second. */
    Map<String, Object> info() {
        return ownThenFurther(statuses().map(ElectionReport::described));
    }

    private Stream<Status> statuses() {
        return elections.all().stream().map(ClusterLeader::status);
    }

    private static Fields described(Status status) {
        return new Fields()
                .with("election", status.election())
                .with("place", status.place())
                .with("instanceName", status.instanceName())
                .with("identity", status.identity())
                .with("state", word(status.state()))
                .with("leader", status.leader());
    }

    Health health(Duration downAfter) {
        List<Status> all = statuses().toList();
        if (all.isEmpty()) {
            return new Health(Verdict.UNKNOWN, Map.of("state", word(Status.State.STOPPED)));
        }
        boolean isDown = all.stream().anyMatch(status -> status.problemDuration().compareTo(downAfter) > 0);
        return new Health(isDown ? Verdict.DOWN : Verdict.UP, ownThenFurther(all.stream().map(this::details)));
    }

    private Fields details(Status status) {
        return described(status)
                .with("since", history.since(status.election()))
                .with("remaining", status.remaining().truncatedTo(ChronoUnit.MILLIS).toString())
                .with("problem", status.lastProblem())
                .with("problemSince", status.lastProblem().map(problem -> since(status.problemDuration())));
    }

    private static Instant since(Duration ago) {
        return Instant.now().minus(ago).truncatedTo(ChronoUnit.SECONDS);
    }

    private static Map<String, Object> ownThenFurther(Stream<Fields> described) {
        List<Map<String, Object>> all = described.map(Fields::asMap).toList();
        Map<String, Object> report = new LinkedHashMap<>();
        all.stream().limit(1).forEach(report::putAll);
        if (all.size() > 1) {
            report.put("further", all.subList(1, all.size()));
        }
        return report;
    }

    /** In terms that no version of Spring Boot has moved. */
    record Health(Verdict verdict, Map<String, Object> details) {}

    /** Whether something is wrong for longer than a hand-over or an outage of the API takes. Who leads is no matter. */
    enum Verdict {
        UP,
        DOWN,
        /** It does not stand: its context has not started, or it was told to leave. */
        UNKNOWN
    }
}
