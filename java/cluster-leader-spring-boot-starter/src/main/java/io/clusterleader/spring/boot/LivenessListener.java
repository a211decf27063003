package io.clusterleader.spring.boot;

import io.clusterleader.spring.ClusterLeaderLifecycle;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.context.ApplicationListener;

/** An application that says of itself that it is broken is about to be restarted: another instance may lead until then. */
final class LivenessListener implements ApplicationListener<AvailabilityChangeEvent<LivenessState>> {
    private final ClusterLeaderLifecycle lifecycle;

    LivenessListener(ClusterLeaderLifecycle lifecycle) {
        this.lifecycle = lifecycle;
    }

    @Override
    public void onApplicationEvent(AvailabilityChangeEvent<LivenessState> event) {
        if (event.getState() == LivenessState.BROKEN) {
            lifecycle.suspend();
        } else {
            lifecycle.resume();
        }
    }
}
