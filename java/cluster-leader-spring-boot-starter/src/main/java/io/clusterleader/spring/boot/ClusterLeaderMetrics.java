package io.clusterleader.spring.boot;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Renewals;
import io.clusterleader.spring.ClusterLeaderSettings;
import io.clusterleader.spring.Elections;
import io.clusterleader.spring.LeaderOnlyJob;
import io.clusterleader.spring.LeaderOnlyJobs;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Meters of each election and of each leader-only job, from when they become known. */
final class ClusterLeaderMetrics implements MeterBinder {
    private final Elections elections;
    private final ElectionHistory history;
    private final LeaderOnlyJobs jobs;
    private final ClusterLeaderSettings settings;
    private final Map<String, Measured> byElection = new ConcurrentHashMap<>();
    /** Not known before it is joined. */
    private volatile @Nullable String own;

    ClusterLeaderMetrics(Elections elections, ElectionHistory history, LeaderOnlyJobs jobs, ClusterLeaderSettings settings) {
        this.elections = elections;
        this.history = history;
        this.jobs = jobs;
        this.settings = settings;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Set<Object> bound = ConcurrentHashMap.newKeySet();
        elections.addListener(election -> {
            String name = election.status().election();
            if (own == null) {
                own = name; // It is the first that is told.
            }
            Measured measured = byElection.computeIfAbsent(name, each -> new Measured(name, election));
            measured.is(election);
            if (bound.add(name)) {
                bind(registry, measured);
            }
            jobs.all().forEach(job -> bind(registry, job, bound));
        });
        jobs.addListener(job -> bind(registry, job, bound));
    }

    private void bind(MeterRegistry registry, Measured election) {
        Tags tags = Tags.of("election", election.name);
        Gauge.builder("cluster.leader.is.leader", election, each -> each.now.isLeader() ? 1 : 0)
                .description("1 while this instance leads, else 0").tags(tags).register(registry);
        Gauge.builder("cluster.leader.remaining", election, each -> seconds(each.now.remaining().toNanos()))
                .description("How long this instance leads at least; 0 while it does not").baseUnit("seconds").tags(tags).register(registry);
        FunctionCounter.builder("cluster.leader.transitions", history, each -> each.transitions(election.name))
                .description("How often this instance began or ceased to lead").tags(tags).register(registry);
        FunctionCounter.builder("cluster.leader.renewals", election, Measured::renewals)
                .description("Renewals that the store acknowledged").tags(tags).register(registry);
        FunctionTimer.builder("cluster.leader.renewal.latency", election, Measured::renewals, Measured::renewalNanos, TimeUnit.NANOSECONDS)
                .description("From before a renewal was sent until its acknowledgement was here").tags(tags).register(registry);
    }

    /** Once, and not before it is known which election decides. */
    private void bind(MeterRegistry registry, LeaderOnlyJob job, Set<Object> bound) {
        String election = job.election().isEmpty() ? own : job.election();
        if (election == null || !settings.isLeaderOnly(job) || !bound.add(job)) {
            return;
        }
        Tags tags = Tags.of("job", job.id(), "election", election);
        FunctionCounter.builder("cluster.leader.job.runs", job, LeaderOnlyJob::runs)
                .description("How often the job began on this instance").tags(tags).register(registry);
        FunctionCounter.builder("cluster.leader.job.skipped", job, LeaderOnlyJob::skipped)
                .description("How often the job was left out, as this instance did not lead or was about to stop").tags(tags).register(registry);
        FunctionCounter.builder("cluster.leader.job.caught.up", job, LeaderOnlyJob::caughtUp)
                .description("How often a run on this instance caught up what was due while none led").tags(tags).register(registry);
        FunctionCounter.builder("cluster.leader.job.missed", job, LeaderOnlyJob::missed)
                .description("Ticks that this instance let go, as they were due too long before it led").tags(tags).register(registry);
        FunctionCounter.builder("cluster.leader.job.avoided.doubles", job, LeaderOnlyJob::avoidedDoubles)
                .description("Ticks that this instance did not run, as they were run already").tags(tags).register(registry);
    }

    private static double seconds(double nanos) {
        return nanos / TimeUnit.SECONDS.toNanos(1);
    }

    /** An election over all of its candidacies: an application that is stopped and started again has another one then. */
    private static final class Measured {
        private final String name;
        private volatile ClusterLeader now;
        private long renewalsBefore;
        private long nanosBefore;

        private Measured(String name, ClusterLeader now) {
            this.name = name;
            this.now = now;
        }

        private synchronized void is(ClusterLeader election) {
            if (now != election) {
                renewalsBefore = renewals();
                nanosBefore = (long) renewalNanos();
            }
            now = election;
        }

        private synchronized long renewals() {
            return renewalsBefore + ofNow().count();
        }

        private synchronized double renewalNanos() {
            return nanosBefore + ofNow().took().toNanos();
        }

        private Renewals ofNow() {
            return now.status().renewals();
        }
    }
}
