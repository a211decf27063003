package io.clusterleader.spring;

import io.clusterleader.ClusterLeader;
import java.time.Duration;
import java.util.Optional;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;

/** Has leader-only jobs run where and while this instance leads. */
final class Guard implements Ticks.Guarding {
    private static final Log log = LogFactory.getLog(Guard.class);

    private final ClusterLeaderSettings settings;
    private final Elections elections;
    private final Runs runs;
    private final ApplicationEventPublisher publisher;

    Guard(ClusterLeaderSettings settings, Elections elections, Runs runs, ApplicationEventPublisher publisher) {
        this.settings = settings;
        this.elections = elections;
        this.runs = runs;
        this.publisher = publisher;
    }

    /** Whether a scheduled job runs on the leader only. */
    @Override
    public boolean isLeaderOnly(LeaderOnlyJob job) {
        return settings.isLeaderOnly(job);
    }

    /** Null if it must not run. Who begins a run ends it. */
    @Nullable Run begin(LeaderOnlyJob job) {
        Ticks ticks = job.ticks();
        Ticks.Tick tick = ticks == null ? null : ticks.next();
        Run run = runs.begin(job); // Counted before it is asked who leads: leadership is not given back in between.
        if (run == null) {
            skip(job, "this application is about to stop");
            return null;
        }
        ClusterLeader leading = leading(job).orElse(null);
        if (leading == null) {
            runs.end(run);
            skip(job, "this instance does not lead");
            return null;
        }
        boolean begins = false;
        try {
            begins = ticks == null || tick == null || begin(run, ticks, tick, leading);
        } finally {
            if (!begins) {
                runs.end(run);
            }
        }
        if (!begins) {
            log.debug("Not run again: " + job);
            return null;
        }
        job.began();
        return run;
    }

    private static boolean begin(Run run, Ticks ticks, Ticks.Tick tick, ClusterLeader leading) {
        Ticks.Begun begun = ticks.begin(tick, leading);
        if (begun != null) {
            run.isOfTick(() -> ticks.ended(begun, leading), () -> ticks.cut(begun, leading));
        }
        return begun != null;
    }

    /** While it is counted still: what is noted of its end must not come after leadership is given back. */
    void end(Run run) {
        run.noteEnd();
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

    @Override
    public Optional<ClusterLeader> leading(LeaderOnlyJob job) {
        return elections.seat(job.election()).leading();
    }

    @Override
    public Delivery delivery(LeaderOnlyJob job) {
        return settings.delivery(job);
    }

    @Override
    public Misfire misfire(LeaderOnlyJob job) {
        return settings.misfire(job);
    }

    @Override
    public Duration misfireThreshold(LeaderOnlyJob job) {
        return settings.misfireThreshold(job);
    }

    @Override
    public void caughtUp(LeaderOnlyJob job, Duration overdue) {
        job.hasCaughtUp();
        log.info("Caught up: " + job + ", due for " + overdue + ".");
        publisher.publishEvent(new TickCaughtUpEvent(job, overdue));
    }

    @Override
    public Optional<ClusterLeader> election(LeaderOnlyJob job) {
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
