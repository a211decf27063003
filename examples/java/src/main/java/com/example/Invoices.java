package com.example;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import io.clusterleader.LeadershipListener;
import io.clusterleader.LostReason;
import java.time.Duration;

/** Sends invoices, if this process leads and will for long enough. */
class Invoices {
    /** What must not be written to twice: it keeps the largest token that it saw, and rejects smaller ones. */
    interface Store {
        void write(String rows, long fencingToken);
    }

    /** What a leader needs, and only this process may lack. */
    interface Queue {
        boolean isUp();
    }

    /** Runs on a thread of the library, which other listeners wait for. */
    private static final LeadershipListener listener = new LeadershipListener() {
        @Override
        public void onAcquired(long token, long term) {
            System.out.println("leads, with token " + token);
        }

        @Override
        public void onLost(long token, LostReason reason) {
            System.out.println("leads no more: " + reason);
        }
    };

    static void sendAll(Queue queue, Store store, String rows) {
        try (ClusterLeader billing = ClusterLeader.join(Election.named("billing-jobs").healthCheck(queue::isUp))) {
            billing.addListener(listener);
            if (billing.isLeaderFor(Duration.ofSeconds(5))) {            // room for the job itself
                store.write(rows, billing.fencingToken().getAsLong());   // a sink that keeps the maximum rejects old leaders
            }
        }
    }

    private final Runnable mail;

    Invoices(Runnable mail) {
        this.mail = mail;
    }

    void send() {
        if (ClusterLeader.isThisInstanceLeader()) {
            mail.run();
        }
    }
}
