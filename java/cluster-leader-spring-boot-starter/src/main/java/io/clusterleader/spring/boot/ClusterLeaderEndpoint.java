package io.clusterleader.spring.boot;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Status;
import io.clusterleader.spring.ClusterLeaderSettings;
import io.clusterleader.spring.Elections;
import io.clusterleader.spring.LeaderChangedEvent;
import io.clusterleader.spring.LeaderOnlyJob;
import io.clusterleader.spring.LeaderOnlyJobs;
import io.clusterleader.spring.LeadershipAcquiredEvent;
import io.clusterleader.spring.LeadershipEvent;
import io.clusterleader.spring.LeadershipLostEvent;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;

/**
 * The elections of an application, what became of them, and its jobs. Fields are added, but not renamed or removed; one
 * that has no value is left out.
 */
@Endpoint(id = "clusterleader")
class ClusterLeaderEndpoint {
    private final Elections elections;
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
    public Map<String, Object> report() {
        String own = own().map(election -> election.status().election()).orElse("");
        return new Fields()
                .with("elections", elections.all().stream().map(this::described).toList())
                .with("jobs", jobs.all().stream().map(job -> described(job, own)).toList())
                .asMap();
    }

    /** One election; nothing, which is not found, where the application does not stand in it. */
    @ReadOperation
    public @Nullable Map<String, Object> election(@Selector String election) {
        return named(election).map(this::described).orElse(null);
    }

    Optional<ClusterLeader> own() {
        return elections.own();
    }

    Optional<ClusterLeader> named(String election) {
        return elections.all().stream().filter(each -> each.status().election().equals(election)).findAny();
    }

    Map<String, Object> described(ClusterLeader election) {
        Status status = election.status();
        return new Fields()
                .with("election", status.election())
                .with("place", status.place())
                .with("state", ElectionReport.word(status.state()))
                .with("instanceName", status.instanceName())
                .with("identity", status.identity())
                .with("leader", status.leader())
                .with("leaderIdentity", status.leaderIdentity())
                .with("since", history.since(status.election()))
                .with("remainingMillis", status.remaining().toMillis())
                .with("term", status.term())
                .withToken(status.fencingToken())
                .with("renewals", status.renewals().count())
                .with("problem", status.lastProblem())
                .with("problemMillis", status.problemDuration().toMillis())
                .with("history", history.changes(status.election()).stream().map(ClusterLeaderEndpoint::described).toList())
                .asMap();
    }

    private static Map<String, Object> described(LeadershipEvent change) {
        Fields fields = new Fields().with("at", ElectionHistory.at(change));
        if (change instanceof LeadershipAcquiredEvent acquired) {
            fields.with("change", "acquired").with("term", acquired.term()).withToken(OptionalLong.of(acquired.fencingToken()));
        } else if (change instanceof LeadershipLostEvent lost) {
            String reason = lost.reason().name().toLowerCase(Locale.ROOT).replace('_', '-');
            fields.with("change", "lost").with("reason", reason).withToken(OptionalLong.of(lost.fencingToken()));
        } else if (change instanceof LeaderChangedEvent changed) {
            fields.with("change", "leader-changed").with("leader", changed.leader());
        }
        return fields.asMap();
    }

    /** One that is not leader-only runs on every instance, and its runs are not counted. */
    private Map<String, Object> described(LeaderOnlyJob job, String own) {
        return new Fields()
                .with("job", job.id())
                .with("leaderOnly", settings.isLeaderOnly(job))
                .with("election", job.election().isEmpty() ? own : job.election())
                .with("runs", job.runs())
                .with("skipped", job.skipped())
                .with("lastStart", job.lastStart())
                .with("lastEnd", job.lastEnd())
                .with("lastTick", job.lastTick())
                .with("nextTick", job.nextTick())
                .with("caughtUp", job.caughtUp())
                .with("missed", job.missed())
                .with("avoidedDoubles", job.avoidedDoubles())
                .asMap();
    }
}
