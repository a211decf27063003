package io.clusterleader;

import io.clusterleader.spi.Candidacy;
import io.clusterleader.spi.Changes;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.logging.Level;

/**
 * The listeners of one election.
 *
 * <p>What they are told is pulled from the native library on the listener thread, so that nothing piles
 * up on the way: the library keeps the last 1,000 changes.
 */
final class Listeners {
    private static final Executor THREAD = DaemonThread.executor("cluster-leader-listener");

    private final Candidacy candidacy;
    private final List<Registered> registered = new CopyOnWriteArrayList<>();
    private final Doorbell changed = new Doorbell(THREAD, this::tellChanges);
    private volatile boolean used;
    private volatile boolean ending;
    private final Waiting waiting = new Waiting();

    // What was told so far. Only the listener thread touches these.
    private long lastNumber;
    private boolean leading;
    private long token;
    private long term;
    private Optional<String> leader = Optional.empty();

    Listeners(Candidacy candidacy) {
        this.candidacy = candidacy;
    }

    /** Runs a task after whatever the listeners of any election are to be told already. */
    static void afterwards(Runnable task) {
        THREAD.execute(task);
    }

    LeadershipListener.Registration add(LeadershipListener listener) {
        Registered added = new Registered(Objects.requireNonNull(listener, "listener"), newestNumber());
        used = true;
        registered.add(added);
        changed.ring();
        return () -> {
            added.removed = true;
            registered.remove(added);
        };
    }

    /** Whether this process led within that time. Waits no longer than the election lasts. */
    boolean awaitLeadership(long nanos) throws InterruptedException {
        return waiting.until(() -> ending || candidacy.isLeader(), nanos) && !ending;
    }

    /** Has whoever waits or listens learn what they do not know yet. Returns at once. */
    void deliver() {
        waiting.wake();
        if (!registered.isEmpty()) {
            changed.ring();
        }
    }

    /** The election is about to be closed: it cannot be asked for changes much longer. */
    void expectEnd() {
        ending = true;
        waiting.wake();
    }

    /** Has the listeners told that an election that is closed is lost, and forgets them. */
    void end() {
        if (used) {
            THREAD.execute(() -> {
                tellChanges();
                if (leading) {
                    lost(LostReason.STOPPED);
                }
                registered.clear();
            });
        }
    }

    private void tellChanges() {
        long[] changes = changesAfter(lastNumber);
        for (int at = 0; at < changes.length; at += 4) {
            introduceThoseSince(changes[at] - 1);
            tellChange(changes[at], changes[at + 1], changes[at + 2], changes[at + 3]);
        }
        introduceThoseSince(lastNumber);
    }

    /** Tells those that came after this change at the latest how things stood when they came. */
    private void introduceThoseSince(long number) {
        for (Registered added : registered) {
            if (!added.introduced && added.since <= number) {
                added.introduced = true;
                if (leader.isPresent()) {
                    added.tell(told -> told.onLeaderChanged(leader));
                }
                if (leading) {
                    added.tell(told -> told.onAcquired(token, term));
                }
            }
        }
    }

    /** The number of the newest change: what comes after it concerns a listener that comes now. */
    private long newestNumber() {
        long[] changes = changesAfter(0);
        return changes.length == 0 ? 0 : changes[changes.length - 4];
    }

    private long[] changesAfter(long number) {
        try {
            return candidacy.changes(number);
        } catch (ClusterLeaderException failure) {
            if (!ending) {
                NativeLog.log(Level.SEVERE, "Changes of leadership could not be told yet.", failure);
            }
            return new long[0];
        }
    }

    private void tellChange(long number, long kind, long changeToken, long detail) {
        long missed = number - lastNumber - 1;
        if (missed > 0 && !registered.isEmpty()) {
            NativeLog.log(Level.WARNING, "Listeners were too slow: " + missed + " changes of leadership were not told.", null);
        }
        lastNumber = number;
        if (kind == Changes.ACQUIRED) {
            leading = true;
            token = changeToken;
            term = detail;
            tell(listener -> listener.onAcquired(token, term));
        } else if (kind == Changes.LOST) {
            lost(LostReason.values()[(int) detail - 1]);
        } else if (kind == Changes.LEADER_CHANGED) {
            tellLeader();
        }
    }

    private void lost(LostReason reason) {
        leading = false;
        tell(listener -> listener.onLost(token, reason));
    }

    /** The change does not carry the name, and by now there may be yet another. */
    private void tellLeader() {
        String[] fields = candidacy.status();
        if (fields != null) {
            Optional<String> now = new Status(fields).leader();
            if (!now.equals(leader)) {
                leader = now;
                tell(listener -> listener.onLeaderChanged(now));
            }
        }
    }

    private void tell(Consumer<LeadershipListener> change) {
        registered.forEach(each -> each.tell(change));
    }

    /** A listener and whether it still wants to know. */
    private static final class Registered {
        private final LeadershipListener listener;
        /** The newest change when it came. */
        private final long since;
        /** Only the listener thread touches it. */
        private boolean introduced;
        private volatile boolean removed;

        private Registered(LeadershipListener listener, long since) {
            this.listener = listener;
            this.since = since;
        }

        private void tell(Consumer<LeadershipListener> change) {
            if (removed || !introduced) {
                return;
            }
            try {
                change.accept(listener);
            } catch (Throwable failure) { // One listener's failure, an assertion's too, is not the others'.
                NativeLog.log(Level.SEVERE, "A leadership listener failed: " + listener.getClass().getName(), failure);
            }
            Thread.interrupted(); // Nor is an interrupt that it left behind.
        }
    }
}
