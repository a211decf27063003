package io.clusterleader.spring;

import io.clusterleader.ClusterLeader;
import io.clusterleader.LeadershipListener;
import io.clusterleader.LostReason;
import java.util.Optional;
import org.springframework.context.ApplicationEventPublisher;

/** Publishes what an election tells as events of the application. */
final class LeadershipEvents implements LeadershipListener {
    private final String election;
    private final ApplicationEventPublisher publisher;
    private final ClassLoader classLoader;
    private final ClusterLeader source;

    LeadershipEvents(ClusterLeader election, ApplicationEventPublisher publisher, ClassLoader classLoader) {
        source = election;
        this.election = election.status().election();
        this.publisher = publisher;
        this.classLoader = classLoader;
    }

    @Override
    public void onAcquired(long token, long term) {
        publish(new LeadershipAcquiredEvent(source, election, token, term));
    }

    @Override
    public void onLost(long token, LostReason reason) {
        publish(new LeadershipLostEvent(source, election, token, reason));
    }

    @Override
    public void onLeaderChanged(Optional<String> leader) {
        publish(new LeaderChangedEvent(source, election, leader.orElse(null)));
    }

    /** The thread has no class loader of its own; what listens may need the application's. */
    private void publish(LeadershipEvent event) {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(classLoader);
        try {
            publisher.publishEvent(event);
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
