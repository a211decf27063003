package io.clusterleader.spring.boot;

import io.clusterleader.spring.LeadershipAcquiredEvent;
import io.clusterleader.spring.LeadershipEvent;
import io.clusterleader.spring.LeadershipLostEvent;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.context.ApplicationListener;

/** What became of each election of the application: its newest changes, and how many there were. */
final class ElectionHistory implements ApplicationListener<LeadershipEvent> {
    private static final int MOST_CHANGES = 50;

    private final Map<String, Changes> byElection = new HashMap<>();

    @Override
    public synchronized void onApplicationEvent(LeadershipEvent event) {
        byElection.computeIfAbsent(event.election(), each -> new Changes()).add(event);
    }

    /** Oldest first. */
    synchronized List<LeadershipEvent> changes(String election) {
        Changes changes = byElection.get(election);
        return changes == null ? List.of() : List.copyOf(changes.newest);
    }

    static Instant at(LeadershipEvent change) {
        return Instant.ofEpochMilli(change.getTimestamp());
    }

    /** When it was seen last that this instance or another began or ceased to lead. */
    synchronized Optional<Instant> since(String election) {
        return Optional.ofNullable(byElection.get(election)).map(changes -> at(changes.newest.getLast()));
    }

    /** How often this instance began or ceased to lead. */
    synchronized long transitions(String election) {
        Changes changes = byElection.get(election);
        return changes == null ? 0 : changes.transitions;
    }

    private static final class Changes {
        private final Deque<LeadershipEvent> newest = new ArrayDeque<>();
        private long transitions;

        private void add(LeadershipEvent event) {
            if (event instanceof LeadershipAcquiredEvent || event instanceof LeadershipLostEvent) {
                transitions++;
            }
            newest.add(event);
            if (newest.size() > MOST_CHANGES) {
                newest.remove();
            }
        }
    }
}
