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
        return ownThenFurther(elections.all().stream().map(ClusterLeader::status).map(ElectionReport::info).toList());
    }

    private static Map<String, Object> info(Status status) {
        Map<String, Object> info = new LinkedHashMap<>();
        info.put("election", status.election());
        info.put("place", status.place());
        info.put("instanceName", status.instanceName());
        info.put("identity", status.identity());
        info.put("state", word(status.state()));
        status.leader().ifPresent(leader -> info.put("leader", leader));
        return info;
    }

    Health health(Duration downAfter) {
        List<Status> all = elections.all().stream().map(ClusterLeader::status).toList();
        if (all.isEmpty()) {
            return new Health(Verdict.UNKNOWN, Map.of("state", word(Status.State.STOPPED)));
        }
        boolean isDown = all.stream().anyMatch(status -> status.problemDuration().compareTo(downAfter) > 0);
        return new Health(isDown ? Verdict.DOWN : Verdict.UP, ownThenFurther(all.stream().map(this::details).toList()));
    }

    private Map<String, Object> details(Status status) {
        Map<String, Object> details = info(status);
        history.since(status.election()).ifPresent(since -> details.put("since", since.toString()));
        details.put("remaining", shown(status.remaining()));
        status.lastProblem().ifPresent(problem -> {
            details.put("problem", problem);
            details.put("problemSince", Instant.now().minus(status.problemDuration()).truncatedTo(ChronoUnit.SECONDS).toString());
        });
        return details;
    }

    private static String shown(Duration duration) {
        return duration.truncatedTo(ChronoUnit.MILLIS).toString();
    }

    private static Map<String, Object> ownThenFurther(List<Map<String, Object>> all) {
        Map<String, Object> report = new LinkedHashMap<>();
        if (!all.isEmpty()) {
            report.putAll(all.get(0));
        }
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
