package io.clusterleader;

import io.clusterleader.spi.Candidacy;
import io.clusterleader.spi.Changes;
import java.io.IOException;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;

/**
 * A candidacy on a machine that no native library fits, outside Kubernetes: who has a file locked leads.
 *
 * <p>Such a claim does not run out: the kernel keeps the lock for this process until it ends. All that
 * touches the file happens on the thread of this candidacy.
 */
final class FileLockCandidacy implements Candidacy {
    private static final long EVERY_MILLIS = 200;
    /** Several turns: whoever has a deleted file locked has noticed by then. */
    private static final long NOTICED_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final FileLockSettings settings;
    private final Path path;
    private final String instanceName;
    private final String identity;
    private final Duration leaseDuration;
    private final Duration renewDeadline;
    private final ScheduledThreadPoolExecutor thread =
            new ScheduledThreadPoolExecutor(1, work -> DaemonThread.named("cluster-leader-file-lock", work));
    private final Changes changes = new Changes();

    /** What the answers rest on: withdrawn before the lock is. */
    private volatile @Nullable FileLock claim;
    private volatile LockFile.Term term = LockFile.Term.NONE;
    private volatile boolean ready;
    private volatile boolean healthy;
    private volatile long lastBeat = System.nanoTime();
    private volatile boolean stopped;
    private volatile @Nullable String problem;
    private volatile long problemSince;
    private volatile Runnable tell = () -> {};

    // Only the thread touches these.
    private LockFile file;
    private @Nullable FileLock lock;
    /** Locked, and perhaps not for long enough to lead. */
    private @Nullable FileLock won;
    private long wonAt;
    private long releasedTerm = Long.MIN_VALUE;
    private long releasedAt;

    private FileLockCandidacy(FileLockSettings settings) throws IOException {
        this.settings = settings;
        path = settings.file();
        file = new LockFile(path);
        instanceName = settings.instanceName();
        identity = instanceName + "_" + UUID.randomUUID();
        leaseDuration = settings.leaseDuration();
        renewDeadline = settings.renewDeadline();
        ready = !settings.waitUntilReady();
        healthy = !settings.healthChecked();
    }

    /** Refuses where a file lock could make two leaders; {@code missing} says which library there is not. */
    static FileLockCandidacy stand(Election election, ClusterLeaderException missing) {
        FileLockSettings settings = new FileLockSettings(election.settingsByKey(), System::getenv);
        if (settings.areOfACluster()) {
            throw missing;
        }
        try {
            FileLockCandidacy candidacy = new FileLockCandidacy(settings);
            NativeLog.log(Level.WARNING, missing.getMessage() + " Until then an exclusive lock on " + candidacy.path
                    + " elects, among the Java processes of this machine only: for development, not for production.", null);
            return candidacy;
        } catch (IOException failure) {
            throw new ClusterLeaderException("The election cannot be held by a file lock, as it is where no native library fits: "
                    + failure + ". Let cluster-leader.store name a directory that this process can write to, as in file:DIRECTORY.",
                    failure);
        }
    }

    @Override
    public void begin(Runnable changed) {
        tell = changed;
        thread.scheduleWithFixedDelay(this::turn, 0, EVERY_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void end() {
        tell = () -> {};
    }

    private void turn() {
        try {
            if (isSilent()) {
                release(LostReason.HOST_STUCK);
            }
            if (!file.isThere()) {
                NativeLog.log(Level.WARNING, path + " was deleted: who had it locked leads no more.", null);
                release(LostReason.DELETED);
                file = new LockFile(path);
            }
            if (lock == null && mayStand()) {
                stand();
            }
            if (lock == null) {
                follow(file.read());
            }
            problem = null;
        } catch (IOException | RuntimeException | Error failure) { // The next turn tries again.
            if (problem == null) {
                NativeLog.log(Level.WARNING, path + ": " + failure + ". Tried again five times a second.", null);
                problemSince = System.nanoTime();
            }
            problem = path + ": " + failure;
        }
    }

    /** A file that nobody has led with yet may be there in place of one that was deleted under its leader. */
    private void stand() throws IOException {
        if (won == null) {
            won = file.tryLock();
            wonAt = System.nanoTime();
        }
        FileLock mine = won;
        if (mine != null && (file.read() != LockFile.Term.NONE || System.nanoTime() - wonAt >= NOTICED_NANOS)) {
            lead(mine);
        }
    }

    /** After stepping down not before another has led, or a lease duration has passed. */
    private boolean mayStand() {
        boolean isSittingOut = term.number == releasedTerm
                && System.nanoTime() - releasedAt < leaseDuration.toNanos();
        return ready && healthy && !isSilent() && !stopped && !isSittingOut;
    }

    /** Whether the health check has not answered for a heartbeat. */
    private boolean isSilent() {
        return settings.healthChecked() && System.nanoTime() - lastBeat > settings.heartbeatNanos();
    }

    private void lead(FileLock mayLead) throws IOException {
        try {
            Instant now = Instant.now();
            LockFile.Term mine = file.read()
                    .next(TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano(), identity, instanceName);
            file.write(mine);
            if (!file.isThere()) {
                return;
            }
            term = mine;
            lock = mayLead;
            claim = mayLead;
            won = null;
        } finally {
            giveUpWon();
        }
        changes.leaderChanged();
        changes.acquired(term.token, term.number);
        tell.run();
    }

    private void giveUpWon() throws IOException {
        FileLock unused = won;
        won = null;
        if (unused != null) {
            unused.release();
        }
    }

    private void follow(LockFile.Term read) {
        boolean isAnothers = !read.identity.equals(term.identity);
        term = read;
        if (isAnothers) {
            changes.leaderChanged();
            tell.run();
        }
    }

    private void release(LostReason reason) {
        claim = null;
        if (lock == null) {
            try {
                giveUpWon();
            } catch (IOException failure) {
                NativeLog.log(Level.WARNING, path + " stays locked until this process ends: " + failure, null);
            }
            return;
        }
        LockFile.Term mine = term;
        if (reason == LostReason.STEPPED_DOWN) {
            releasedTerm = mine.number;
            releasedAt = System.nanoTime();
        }
        try {
            try {
                file.write(mine.released());
                term = mine.released();
            } finally {
                lock.release();
            }
        } catch (IOException failure) {
            NativeLog.log(
                    Level.WARNING, path + " could not be released: " + failure + ". It may name this process until another leads.", null);
        }
        lock = null;
        changes.lost(mine.token, reason);
        changes.leaderChanged();
        tell.run();
    }

    @Override
    public long[] changes(long after) {
        return changes.after(after);
    }

    @Override
    public boolean isLeader() {
        FileLock held = claim;
        return held != null && held.isValid();
    }

    @Override
    public boolean isLeaderFor(long nanos) {
        if (nanos >= renewDeadline.toNanos()) {
            throw new IllegalArgumentException(Duration.ofNanos(nanos) + " could never be left of a claim: it lasts for less than the"
                    + " renew deadline, " + renewDeadline + ". Ask for less, or raise the renew deadline.");
        }
        return isLeader();
    }

    /** At any moment the claim lasts for that long again. */
    @Override
    public long remainingNanos() {
        return isLeader() ? renewDeadline.toNanos() : 0;
    }

    @Override
    public boolean verify() {
        if (stopped) {
            throw new ClusterLeaderException("This election was closed: nothing can be asked of its store. Join it anew.");
        }
        return isLeader();
    }

    @Override
    public void beat(boolean isHealthy) {
        lastBeat = System.nanoTime();
        healthy = isHealthy;
        if (!isHealthy) {
            handOver(LostReason.UNHEALTHY);
        }
    }

    @Override
    public void ready() {
        ready = true;
    }

    @Override
    public void stepDown() {
        handOver(LostReason.STEPPED_DOWN);
    }

    /** On the thread, after whatever it is about to win. */
    private void handOver(LostReason reason) {
        claim = null;
        try {
            finish(thread.submit(() -> release(reason)));
        } catch (RejectedExecutionException stoppedBefore) {
            // What was held then has been released.
        }
    }

    @Override
    public void stop() {
        claim = null;
        stopped = true;
        try {
            finish(thread.submit(() -> release(LostReason.STOPPED)));
        } catch (RejectedExecutionException stoppedBefore) {
            return;
        }
        // Not shutdownNow: an interrupted read would close the channel, and drop another's lock.
        thread.shutdown();
    }

    /** Whoever calls may be interrupted; the file is released all the same. */
    private static void finish(Future<?> release) {
        boolean interrupted = false;
        while (true) {
            try {
                release.get();
                break;
            } catch (InterruptedException interrupt) {
                interrupted = true;
            } catch (ExecutionException impossible) {
                throw new AssertionError("releasing tells its failures itself", impossible);
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public @Nullable String @Nullable [] status() {
        if (stopped) {
            return null;
        }
        LockFile.Term now = term;
        boolean leading = isLeader();
        boolean isHeld = !now.identity.isEmpty();
        String wrong = problem;
        return new @Nullable String[] {
            settings.election(),
            "file lock " + path,
            instanceName,
            identity,
            leading ? "leading" : "following",
            String.valueOf(leading),
            String.valueOf(remainingNanos()),
            isHeld ? now.instanceName : null,
            isHeld ? now.identity : null,
            now.number < 0 ? null : String.valueOf(now.number),
            leading ? String.valueOf(now.token) : null,
            wrong,
            String.valueOf(wrong == null ? 0 : System.nanoTime() - problemSince)
        };
    }
}
