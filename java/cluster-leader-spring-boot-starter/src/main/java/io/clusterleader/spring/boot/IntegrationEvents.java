package io.clusterleader.spring.boot;

import io.clusterleader.ClusterLeader;
import io.clusterleader.spring.LeadershipAcquiredEvent;
import io.clusterleader.spring.LeadershipEvent;
import io.clusterleader.spring.LeadershipLostEvent;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.ApplicationListener;
import org.springframework.integration.leader.Context;
import org.springframework.integration.leader.event.OnGrantedEvent;
import org.springframework.integration.leader.event.OnRevokedEvent;

/**
 * Tells in the terms of Spring Integration what became of this instance's leadership. The role is the election's name: an
 * endpoint of that role runs where the election is led.
 */
final class IntegrationEvents implements ApplicationListener<LeadershipEvent> {
    private final ApplicationEventPublisher publisher;

    IntegrationEvents(ApplicationEventPublisher publisher) {
        this.publisher = publisher;
    }

    @Override
    public void onApplicationEvent(LeadershipEvent event) {
        if (!(event.getSource() instanceof ClusterLeader election)) {
            return;
        }
        if (event instanceof LeadershipAcquiredEvent) {
            publisher.publishEvent(new OnGrantedEvent(this, new Leadership(election, event.election()), event.election()));
        } else if (event instanceof LeadershipLostEvent) {
            publisher.publishEvent(new OnRevokedEvent(this, new Leadership(election, event.election()), event.election()));
        }
    }

    private record Leadership(ClusterLeader election, String role) implements Context {
        @Override
        public boolean isLeader() {
            return election.isLeader();
        }

        @Override
        public void yield() {
            election.stepDown();
        }

        @Override
        public String getRole() {
            return role;
        }
    }
}
