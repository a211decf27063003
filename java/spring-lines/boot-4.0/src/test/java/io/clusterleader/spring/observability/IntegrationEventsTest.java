package io.clusterleader.spring.observability;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.context.ApplicationListener;
import org.springframework.integration.leader.event.AbstractLeaderEvent;
import org.springframework.integration.leader.event.OnGrantedEvent;
import org.springframework.integration.leader.event.OnRevokedEvent;

class IntegrationEventsTest {
    @Test
    void listenersOfSpringIntegrationHearOfLeadership() throws Exception {
        BlockingQueue<AbstractLeaderEvent> heard = new LinkedBlockingQueue<>();
        try (ObservedApplication application = ObservedApplication.startLeader("integration", "one")) {
            application.context.addApplicationListener((ApplicationListener<AbstractLeaderEvent>) event -> {
                if (event.getRole().equals("integration")) {
                    heard.add(event);
                }
            });
            application.own().stepDown();
            AbstractLeaderEvent revoked = next(heard, OnRevokedEvent.class);
            assertThat(revoked.getContext().isLeader()).isFalse();

            AbstractLeaderEvent granted = next(heard, OnGrantedEvent.class);
            assertThat(granted.getRole()).isEqualTo("integration").isEqualTo(granted.getContext().getRole());
            application.awaitLeadership();
            assertThat(granted.getContext().isLeader()).isTrue();
            granted.getContext().yield();
            assertThat(application.own().isLeader()).isFalse();
            next(heard, OnRevokedEvent.class);
        }
    }

    /** The next, but one that was on its way before anybody listened. */
    private static AbstractLeaderEvent next(BlockingQueue<AbstractLeaderEvent> heard, Class<? extends AbstractLeaderEvent> type)
            throws InterruptedException {
        AbstractLeaderEvent event = heard.poll(60, TimeUnit.SECONDS);
        if (type == OnRevokedEvent.class && event instanceof OnGrantedEvent) {
            event = heard.poll(60, TimeUnit.SECONDS);
        }
        assertThat(event).isInstanceOf(type);
        return event;
    }
}
