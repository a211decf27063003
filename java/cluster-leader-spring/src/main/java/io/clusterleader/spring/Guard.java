package io.clusterleader.spring;

import io.clusterleader.ClusterLeader;
import java.util.Optional;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/** Has leader-only jobs run where and while this instance leads. */
final class Guard {
    private static final Log log = LogFactory.getLog(Guard.class);

    private final ClusterLeaderSettings settings;
    private final Elections elections;
    private final Runs runs;

    Guard(ClusterLeaderSettings settings, Elections elections, Runs runs) {
        this.settings = settings;
        this.elections = elections;
        this.runs = runs;
    }

    /** Whether a scheduled job runs on the leader only. */
    boolean isLeaderOnly(LeaderOnlyJob job) {
        return settings.isLeaderOnly(job);
    }

    /** Null if it must not run. Who begins a run ends it. */
    @Nullable Run begin(LeaderOnlyJob job) {
        Run run = runs.begin(job); // Counted before it is asked who leads: leadership is not given back in between.
        if (run == null) {
            skip(job, "this application is about to stop");
            return null;
        }
        if (!elections.seat(job.election()).isLeader()) {
            runs.end(run);
            skip(job, "this instance does not lead");
            return null;
        }
        job.began();
        return run;
    }

    void end(Run run) {
        if (runs.end(run)) {
            run.job.ended();
        }
    }

    /** Whether it ran. */
    boolean run(LeaderOnlyJob job, Runnable work) {
        Run run = begin(job);
        if (run == null) {
            return false;
        }
        try {
            run.within(() -> {
                work.run();
                return true;
            });
        } finally {
            end(run);
        }
        return true;
    }

    /** Runs on every instance. Where it asks whether this one leads, and it does, leadership is not given back before its end. */
    void runEverywhere(LeaderOnlyJob job, Runnable work) {
        Run run = runs.beginUncounted(job);
        try {
            run.within(() -> {
                work.run();
                return true;
            });
        } finally {
            runs.end(run);
        }
    }

    /** Does it once this instance leads the job's election, perhaps now; not while it is about to leave it. */
    void whenLeading(LeaderOnlyJob job, Runnable action) {
        elections.seat(job.election()).whenLeading(action, !runs.isClosed());
    }

    Optional<ClusterLeader> election(LeaderOnlyJob job) {
        return elections.seat(job.election()).election();
    }

    private static void skip(LeaderOnlyJob job, String why) {
        if (job.wasSkipped()) {
            log.info("Skipped " + job + ", as " + why + ". Further skips are logged at debug level.");
        } else if (log.isDebugEnabled()) {
            log.debug("Skipped " + job + ", as " + why + ".");
        }
    }
}
