package io.clusterleader.spring.boot;

import io.clusterleader.spring.LeaderChangedEvent;
import io.clusterleader.spring.LeadershipAcquiredEvent;
import io.clusterleader.spring.LeadershipEvent;
import io.clusterleader.spring.LeadershipLostEvent;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationListener;

/** What became of each election of the application: its newest changes, and how many there were. */
final class ElectionHistory implements ApplicationListener<LeadershipEvent> {
    static final int MOST_CHANGES = 50;

    private final Map<String, Changes> byElection = new HashMap<>();

    @Override
    public synchronized void onApplicationEvent(LeadershipEvent event) {
        byElection.computeIfAbsent(event.election(), each -> new Changes()).add(event);
    }

    /** Oldest first. */
    synchronized List<Change> changes(String election) {
        Changes changes = byElection.get(election);
        return changes == null ? List.of() : List.copyOf(changes.newest);
    }

    /** When it was seen last that this instance or another began or ceased to lead. */
    synchronized Optional<Instant> since(String election) {
        return Optional.ofNullable(byElection.get(election)).map(changes -> Instant.parse(changes.newest.getLast().at()));
    }

    /** How often this instance began or ceased to lead. */
    synchronized long transitions(String election) {
        Changes changes = byElection.get(election);
        return changes == null ? 0 : changes.transitions;
    }

    private static final class Changes {
        private final Deque<Change> newest = new ArrayDeque<>();
        private long transitions;

        private void add(LeadershipEvent event) {
            if (!(event instanceof LeaderChangedEvent)) {
                transitions++;
            }
            newest.add(Change.of(event));
            if (newest.size() > MOST_CHANGES) {
                newest.remove();
            }
        }
    }

    /**
     * A change, as JSON shows it.
     *
     * @param change {@code acquired} or {@code lost} by this instance, or {@code leader-changed}
     */
    record Change(
            String at, String change, @Nullable String leader, @Nullable Long term, @Nullable String fencingToken, @Nullable String reason) {
        private static Change of(LeadershipEvent event) {
            String at = Instant.ofEpochMilli(event.getTimestamp()).toString();
            if (event instanceof LeadershipAcquiredEvent acquired) {
                return new Change(at, "acquired", null, acquired.term(), String.valueOf(acquired.fencingToken()), null);
            }
            if (event instanceof LeadershipLostEvent lost) {
                String reason = lost.reason().name().toLowerCase(Locale.ROOT).replace('_', '-');
                return new Change(at, "lost", null, null, String.valueOf(lost.fencingToken()), reason);
            }
            return new Change(at, "leader-changed", ((LeaderChangedEvent) event).leader().orElse(null), null, null, null);
        }
    }
}
