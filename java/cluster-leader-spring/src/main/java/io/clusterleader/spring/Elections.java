package io.clusterleader.spring;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import io.clusterleader.LeadershipListener;
import io.clusterleader.LostReason;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;

/**
 * The elections that an application stands in: its own, and those that {@link LeaderOnly} names. It stands from the start
 * of its context until that is closed and its leader-only work has ended.
 *
 * <p>Everything may be called from any thread.
 */
public class Elections {
    private static final Log log = LogFactory.getLog(Elections.class);
    /** Those of all contexts of this JVM. */
    private static final Set<ClusterLeader> OF_CONTEXTS = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    private final ClusterLeaderSettings settings;
    private final Runs runs;
    private final ApplicationEventPublisher publisher;
    /** The application's own, whose name here is empty, comes first. */
    private final Map<String, Seat> seats = new TreeMap<>();
    private final List<LeadershipEvents> joined = new ArrayList<>();
    private final List<Consumer<ClusterLeader>> listeners = new ArrayList<>();
    private Consumer<String> takingOver = seat -> {};
    private boolean running;
    private boolean ready;

    Elections(ClusterLeaderSettings settings, Runs runs, ApplicationEventPublisher publisher) {
        this.settings = settings;
        this.runs = runs;
        this.publisher = publisher;
        seat("");
    }

    /** What stands for the election of this name; for the application's own if the name is empty. */
    synchronized Seat seat(String name) {
        Seat seat = seats.computeIfAbsent(name, Seat::new);
        if (running && seat.election == null) {
            join(seat);
        }
        return seat;
    }

    /**
     * All elections that this application stands in now, its own first.
     *
     * @return the elections
     */
    public synchronized List<ClusterLeader> all() {
        return seats.values().stream().map(seat -> seat.election).flatMap(Stream::ofNullable).distinct().toList();
    }

    /**
     * The application's own election.
     *
     * @return the election; empty before the context has started, and once the application has left
     */
    public synchronized Optional<ClusterLeader> own() {
        return Optional.ofNullable(seat("").election);
    }

    /**
     * Tells of all elections that this application stands in: now of those it does, and later of each that it joins, its own
     * before any other; again after it had left.
     *
     * @param listener is told, one election at a time; returns quickly and does not throw
     */
    public synchronized void addListener(Consumer<ClusterLeader> listener) {
        listeners.add(listener);
        all().forEach(listener);
    }

    /** Is told the name of each seat as soon as this instance leads it. */
    synchronized void whenTakingOver(Consumer<String> listener) {
        takingOver = listener;
    }

    /** Stands in all of them; may lead once ready. */
    synchronized void join() {
        running = true;
        seats.values().stream().filter(seat -> seat.election == null).forEach(this::join);
        seats.values().stream().filter(Seat::isLeader).forEach(Seat::doWhatWaits);
    }

    private void join(Seat seat) {
        ClusterLeader same = all().stream().filter(each -> each.status().election().equals(seat.name)).findAny().orElse(null);
        if (same != null) {
            seat.election = same;
            return;
        }
        ClusterLeader started = start(seat.name);
        seat.election = started;
        listeners.forEach(listener -> listener.accept(started));
    }

    private ClusterLeader start(String name) {
        Election election = settings.election(name);
        ClusterLeader started = name.isEmpty() ? ofThisInstance(election) : ClusterLeader.join(election);
        // Before those who listen to events: they may take their time.
        started.addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                seatsOf(started).forEach(Seat::doWhatWaits);
                seatsOf(started).forEach(seat -> takingOver.accept(seat.name));
            }

            @Override
            public void onLost(long token, LostReason reason) {
                if (settings.isInterruptOnLoss()) {
                    interruptRuns(started);
                }
            }
        });
        LeadershipEvents events = new LeadershipEvents(started, publisher);
        started.addListener(events);
        joined.add(events);
        if (ready) {
            started.ready();
        }
        return started;
    }

    /** The one that {@link ClusterLeader#isThisInstanceLeader()} asks, so that all code has the same answer. */
    private static ClusterLeader ofThisInstance(Election election) {
        synchronized (OF_CONTEXTS) {
            try {
                ClusterLeader started = ClusterLeader.thisInstance(election);
                OF_CONTEXTS.add(started);
                return started;
            } catch (IllegalStateException underWay) {
                ClusterLeader other = ClusterLeader.thisInstance();
                if (!OF_CONTEXTS.contains(other)) {
                    throw underWay;
                }
                log.warn("Another application context of this JVM stands in an election already (" + other.status()
                        + "): ClusterLeader.isThisInstanceLeader() speaks of that one. Ask a bean of the type ClusterLeaderService.");
                return ClusterLeader.join(election);
            }
        }
    }

    private synchronized List<Seat> seatsOf(ClusterLeader election) {
        return seats.values().stream().filter(seat -> seat.election == election).toList();
    }

    private void interruptRuns(ClusterLeader lost) {
        List<Seat> seatsOfIt = seatsOf(lost);
        runs.underWay().stream().filter(run -> seatsOfIt.contains(seat(run.job.election()))).forEach(run -> {
            log.warn("Interrupted, as this instance leads no more: " + run);
            run.interrupt();
        });
    }

    /** This instance may lead from now on. */
    public synchronized void ready() {
        ready = true;
        all().forEach(ClusterLeader::ready);
    }

    /** Gives back what it leads, and stands in none of them any more. Whom this is told may not have heard of it yet. */
    List<LeadershipEvents> leave() {
        List<LeadershipEvents> left;
        synchronized (this) {
            running = false;
            seats.values().forEach(seat -> seat.election = null);
            left = List.copyOf(joined);
            joined.clear();
        }
        left.forEach(LeadershipEvents::leave);
        return left;
    }

    /** What stands for an election, whether it was joined yet or not. */
    static final class Seat {
        private final String name;
        private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
        private volatile @Nullable ClusterLeader election;

        private Seat(String name) {
            this.name = name;
        }

        boolean isLeader() {
            ClusterLeader joined = election;
            return joined != null && joined.isLeader();
        }

        Optional<ClusterLeader> leading() {
            return election().filter(ClusterLeader::isLeader);
        }

        Optional<ClusterLeader> election() {
            return Optional.ofNullable(election);
        }

        /** Does it as soon as this instance leads, perhaps now, on whichever thread: it returns at once. */
        void whenLeading(Runnable action, boolean now) {
            waiting.add(action);
            if (now && isLeader()) {
                doWhatWaits();
            }
        }

        private void doWhatWaits() {
            for (Runnable action = waiting.poll(); action != null; action = waiting.poll()) {
                action.run();
            }
        }
    }
}
