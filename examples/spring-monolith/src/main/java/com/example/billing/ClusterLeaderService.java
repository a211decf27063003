package com.example.billing;

import io.clusterleader.ClusterLeader;
import io.clusterleader.LeadershipListener;
import io.clusterleader.LostReason;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;

/**
 * Tells jobs whether this replica is the one to run them.
 *
 * <p>Nothing here gives leadership up when the application stops: that would be while jobs still run. The
 * library does it when the process ends, and then another replica leads at once.
 */
@Service
public class ClusterLeaderService {
    private static final Logger log = LoggerFactory.getLogger(ClusterLeaderService.class);

    /** Joins the election now, so that a wrong setting is told at the start and not at the first job. */
    ClusterLeaderService() {
        ClusterLeader.thisInstance().addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                log.info("This node is the cluster leader now (term {})", term);
            }

            @Override
            public void onLost(long token, LostReason reason) {
                log.info("This node is no longer the cluster leader ({})", reason);
            }
        });
    }

    /** Costs about one clock read: ask before each job, and as often as you like within it. */
    public boolean isThisInstanceLeader() {
        return ClusterLeader.isThisInstanceLeader();
    }
}
