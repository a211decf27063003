package io.clusterleader.test;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import java.nio.file.Path;
import java.time.Duration;

/** Where an election is held that this process can be made to win or not. */
abstract class World implements AutoCloseable {
    static final Duration RENEW_DEADLINE = Duration.ofMinutes(5);

    final Election election;

    private World(Path directory) {
        election = Election.named("billing-jobs")
                .store("file:" + directory)
                .instanceName("here")
                .leaseDuration(RENEW_DEADLINE.multipliedBy(2))
                .renewDeadline(RENEW_DEADLINE);
    }

    /** Another instance leads, before anything here has joined. */
    abstract void anotherLeads(String instanceName);

    /** Nothing stands in the way of this instance's leading. */
    abstract void letLead();

    @Override
    public abstract void close();

    static final class Controlled extends World {
        private final ElectionControl control = ElectionControl.open();

        Controlled(Path directory) {
            super(directory);
        }

        @Override
        void anotherLeads(String instanceName) {
            control.election().leaderIs(instanceName);
        }

        @Override
        void letLead() {
            control.election().becomeLeader();
        }

        @Override
        public void close() {
            control.close();
        }
    }

    static final class Real extends World {
        private ClusterLeader another;

        Real(Path directory) {
            super(directory);
        }

        @Override
        void anotherLeads(String instanceName) {
            another = ClusterLeader.join(election.instanceName(instanceName));
            Await.until("the other leads", another::isLeader);
        }

        @Override
        void letLead() {
            close();
        }

        @Override
        public void close() {
            if (another != null) {
                another.close();
            }
        }
    }
}
