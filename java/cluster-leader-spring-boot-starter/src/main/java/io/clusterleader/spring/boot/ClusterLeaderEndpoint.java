package io.clusterleader.spring.boot;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Status;
import io.clusterleader.spring.ClusterLeaderSettings;
import io.clusterleader.spring.Elections;
import io.clusterleader.spring.LeaderOnlyJob;
import io.clusterleader.spring.LeaderOnlyJobs;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;

/**
 * The elections of an application, what became of them, and its jobs. Fields are added, but not renamed or removed; one
 * that has no value is null or left out, as Jackson is told. What may not fit a double is a text.
 */
@Endpoint(id = "clusterleader")
class ClusterLeaderEndpoint {
    final Elections elections;
    private final ElectionHistory history;
    private final LeaderOnlyJobs jobs;
    private final ClusterLeaderSettings settings;

    ClusterLeaderEndpoint(Elections elections, ElectionHistory history, LeaderOnlyJobs jobs, ClusterLeaderSettings settings) {
        this.elections = elections;
        this.history = history;
        this.jobs = jobs;
        this.settings = settings;
    }

    /** All of it. */
    @ReadOperation
    public Report report() {
        String own = elections.own().map(ClusterLeader::status).map(Status::election).orElse("");
        return new Report(
                elections.all().stream().map(this::described).toList(),
                jobs.all().stream().map(job -> described(job, own)).toList());
    }

    /** One election; nothing, which is not found, where the application does not stand in it. */
    @ReadOperation
    public @Nullable ElectionReported election(@Selector String election) {
        return named(election).map(this::described).orElse(null);
    }

    Optional<ClusterLeader> named(String election) {
        return elections.all().stream().filter(each -> each.status().election().equals(election)).findAny();
    }

    ElectionReported described(ClusterLeader election) {
        Status status = election.status();
        return new ElectionReported(
                status.election(),
                status.place(),
                ElectionReport.word(status.state()),
                status.instanceName(),
                status.identity(),
                status.leader().orElse(null),
                status.leaderIdentity().orElse(null),
                history.since(status.election()).map(Instant::toString).orElse(null),
                status.remaining().toMillis(),
                status.term().isPresent() ? status.term().getAsLong() : null,
                status.fencingToken().isPresent() ? String.valueOf(status.fencingToken().getAsLong()) : null,
                status.renewals().count(),
                status.lastProblem().orElse(null),
                status.problemDuration().toMillis(),
                history.changes(status.election()));
    }

    private JobReported described(LeaderOnlyJob job, String own) {
        return new JobReported(
                job.id(),
                settings.isLeaderOnly(job),
                job.election().isEmpty() ? own : job.election(),
                job.runs(),
                job.skipped(),
                job.lastStart().map(Instant::toString).orElse(null),
                job.lastEnd().map(Instant::toString).orElse(null));
    }

    /** What is reported. */
    record Report(List<ElectionReported> elections, List<JobReported> jobs) {}

    /** An election. */
    record ElectionReported(
            String election,
            String place,
            String state,
            String instanceName,
            String identity,
            @Nullable String leader,
            @Nullable String leaderIdentity,
            @Nullable String since,
            long remainingMillis,
            @Nullable Long term,
            @Nullable String fencingToken,
            long renewals,
            @Nullable String problem,
            long problemMillis,
            List<ElectionHistory.Change> history) {}

    /** A job. One that is not leader-only runs on every instance, and its runs are not counted. */
    record JobReported(
            String job,
            boolean leaderOnly,
            String election,
            long runs,
            long skipped,
            @Nullable String lastStart,
            @Nullable String lastEnd) {}
}
