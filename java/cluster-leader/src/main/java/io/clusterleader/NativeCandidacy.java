package io.clusterleader;

import io.clusterleader.spi.Candidacy;
import io.clusterleader.spi.CandidacyLedger;
import org.jspecify.annotations.Nullable;

/** A candidacy that the native library stands for. */
final class NativeCandidacy implements Candidacy {
    private final long handle;
    private volatile Runnable changed = () -> {};

    NativeCandidacy(long handle) {
        this.handle = handle;
    }

    @Override
    public boolean isLeader() {
        return Native.isLeader(handle);
    }

    @Override
    public boolean isLeaderFor(long nanos) {
        return Native.isLeaderFor(handle, nanos);
    }

    @Override
    public long remainingNanos() {
        return Native.remainingNanos(handle);
    }

    @Override
    public boolean verify() {
        return Native.verify(handle);
    }

    @Override
    public void beat(boolean healthy) {
        Native.beat(handle, healthy);
    }

    @Override
    public void ready() {
        Native.ready(handle);
    }

    @Override
    public void stepDown() {
        Native.stepDown(handle);
    }

    @Override
    public void stop() {
        Native.stop(handle);
    }

    @Override
    public @Nullable String @Nullable [] status() {
        return Native.status(handle);
    }

    @Override
    public long[] changes(long after) {
        return Native.changes(handle, after);
    }

    @Override
    public CandidacyLedger ledger() {
        return new NativeLedger(handle);
    }

    @Override
    public void begin(Runnable changed) {
        this.changed = changed;
        Heartbeat.begin(changed);
    }

    @Override
    public void end() {
        Heartbeat.end(changed);
    }
}
