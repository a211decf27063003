package io.clusterleader.spring.lines;

import static org.assertj.core.api.Assertions.assertThat;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import java.time.Duration;

/** Another candidate in an application's election: while it leads, the application is a standby. */
final class Rival implements AutoCloseable {
    private final ClusterLeader candidate;

    private Rival(ClusterLeader candidate) {
        this.candidate = candidate;
    }

    static Rival standing(String election) {
        return new Rival(ClusterLeader.join(Election.named(election).instanceName("rival")));
    }

    static Rival leading(String election) throws InterruptedException {
        Rival rival = standing(election);
        assertThat(rival.leadsWithin(Duration.ofSeconds(60))).isTrue();
        return rival;
    }

    boolean leadsWithin(Duration timeout) throws InterruptedException {
        return candidate.await(timeout);
    }

    /** Hands over to the application. */
    @Override
    public void close() {
        candidate.close();
    }
}
