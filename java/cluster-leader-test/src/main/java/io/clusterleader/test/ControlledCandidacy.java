package io.clusterleader.test;

import io.clusterleader.ClusterLeaderException;
import io.clusterleader.LostReason;
import io.clusterleader.spi.Candidacy;
import io.clusterleader.spi.Changes;
import io.clusterleader.spi.Settings;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A candidacy that does what a {@link ControlledElection} says: which one may be another with each test. Answers take no
 * lock; all else happens under the {@link Stage}'s.
 */
final class ControlledCandidacy implements Candidacy {
    private final String name;
    private final String instanceName;
    private final String identity;
    private final Duration renewDeadline;
    private final Changes changes = new Changes();

    private volatile Runnable changed = () -> {};
    private volatile @Nullable ControlledElection election;
    /** How long our term lasts; zero while we do not lead. */
    private volatile long leftNanos;
    private volatile boolean stopped;

    // Only under the stage's lock.
    private boolean ready;
    private boolean healthy;
    private ControlledElection.View view = ControlledElection.View.NOTHING;

    ControlledCandidacy(Settings settings) {
        name = settings.election();
        instanceName = settings.instanceName();
        identity = instanceName + "_" + UUID.randomUUID();
        renewDeadline = settings.renewDeadline();
        ready = !settings.waitUntilReady();
        healthy = !settings.healthChecked();
    }

    String name() {
        return name;
    }

    String instanceName() {
        return instanceName;
    }

    String identity() {
        return identity;
    }

    @Nullable ControlledElection election() {
        return election;
    }

    boolean mayLead() {
        return ready && healthy && !stopped;
    }

    void tell() {
        changed.run();
    }

    // ---- what the election says -------------------------------------------------------------

    /** From here on this one decides; null if no test does. */
    void follow(@Nullable ControlledElection next) {
        election = next;
        if (next == null) {
            see(ControlledElection.View.NOTHING, LostReason.DELETED);
        } else {
            next.settle();
        }
    }

    /** Takes in what the record says by now, and why our term has ended if it has. */
    void see(ControlledElection.View record, LostReason reason) {
        ControlledElection.View before = view;
        ControlledElection.View now = ready ? record : ControlledElection.View.NOTHING;
        boolean ledSameTerm = before.leads && now.leads && before.token == now.token;
        leftNanos = now.leads ? now.leftNanos(renewDeadline) : 0;
        view = now;
        if (before.leads && !ledSameTerm) {
            changes.lost(before.token, reason);
        }
        if (!Objects.equals(before.leader, now.leader)) {
            changes.leaderChanged();
        }
        if (now.leads && !ledSameTerm) {
            changes.acquired(now.token, now.term);
        }
    }

    // ---- what the library asks and says -----------------------------------------------------

    @Override
    public void begin(Runnable toldOfChanges) {
        changed = toldOfChanges;
        Stage.join(this);
    }

    @Override
    public void end() {
        changed = () -> {};
    }

    @Override
    public boolean isLeader() {
        return leftNanos > 0;
    }

    @Override
    public boolean isLeaderFor(long nanos) {
        if (nanos >= renewDeadline.toNanos()) {
            throw new IllegalArgumentException(Duration.ofNanos(nanos) + " could never be left of a claim: it lasts for less than the"
                    + " renew deadline, " + renewDeadline + ". Ask for less, or raise the renew deadline.");
        }
        long left = leftNanos;
        return left > 0 && left >= nanos;
    }

    @Override
    public long remainingNanos() {
        return leftNanos;
    }

    @Override
    public boolean verify() {
        synchronized (Stage.class) {
            if (stopped) {
                throw new ClusterLeaderException("This election was closed: nothing can be asked of its store. Join it anew.");
            }
            ControlledElection asked = election;
            return asked != null && asked.verify() && isLeader();
        }
    }

    @Override
    public void beat(boolean isHealthy) {
        boolean isNews;
        synchronized (Stage.class) {
            isNews = healthy != isHealthy;
        }
        if (isNews) {
            Stage.change(() -> {
                healthy = isHealthy;
                settle(LostReason.UNHEALTHY);
            });
        }
    }

    @Override
    public void ready() {
        Stage.change(() -> {
            ready = true;
            settle(LostReason.DELETED);
        });
    }

    /** Once it may lead, or may no more. */
    private void settle(LostReason reason) {
        ControlledElection own = election;
        if (own != null) {
            own.settle(reason);
        }
    }

    @Override
    public void stepDown() {
        Stage.change(() -> release(LostReason.STEPPED_DOWN));
    }

    @Override
    public void stop() {
        Stage.change(() -> {
            // First of all: of what follows, listeners are told no more than that leadership is lost.
            stopped = true;
            release(LostReason.STOPPED);
            Stage.leave(this);
        });
    }

    private void release(LostReason reason) {
        ControlledElection own = election;
        if (own != null && isLeader()) {
            own.release(this, reason);
        }
    }

    @Override
    public long[] changes(long after) {
        return changes.after(after);
    }

    @Override
    public @Nullable String @Nullable [] status() {
        synchronized (Stage.class) {
            if (stopped) {
                return null;
            }
            ControlledElection own = election;
            ControlledElection.View now = view;
            return new @Nullable String[] {
                name,
                "a test's election " + name,
                instanceName,
                identity,
                now.leads ? "leading" : ready ? "following" : "starting",
                String.valueOf(now.leads),
                String.valueOf(leftNanos),
                now.leader,
                now.leaderIdentity,
                now.term < 0 ? null : String.valueOf(now.term),
                now.leads ? String.valueOf(now.token) : null,
                own == null ? null : own.problem(),
                own == null ? "0" : String.valueOf(own.problemDuration().toNanos())
            };
        }
    }
}
