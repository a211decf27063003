package io.clusterleader.test;

import io.clusterleader.LeadershipListener;
import io.clusterleader.LostReason;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Notes what it is told, and by which thread. */
final class Recorder implements LeadershipListener {
    final List<String> told = new CopyOnWriteArrayList<>();
    volatile String thread = "";

    @Override
    public void onAcquired(long token, long term) {
        thread = Thread.currentThread().getName();
        told.add("acquired " + token + " term " + term);
    }

    @Override
    public void onLost(long token, LostReason reason) {
        told.add("lost " + token + " " + reason);
    }

    @Override
    public void onLeaderChanged(Optional<String> leader) {
        told.add("leader " + leader.orElse("nobody"));
    }
}
