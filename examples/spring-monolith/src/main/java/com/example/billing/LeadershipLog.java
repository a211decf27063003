package com.example.billing;

import io.clusterleader.spring.LeadershipAcquiredEvent;
import io.clusterleader.spring.LeadershipLostEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Tells when this replica comes to lead, and when it leads no more. */
@Component
class LeadershipLog {
    private static final Logger log = LoggerFactory.getLogger(LeadershipLog.class);

    @EventListener
    void acquired(LeadershipAcquiredEvent event) {
        log.info("This node is the cluster leader now (term {})", event.term());
    }

    @EventListener
    void lost(LeadershipLostEvent event) {
        log.info("This node is no longer the cluster leader ({})", event.reason());
    }
}
