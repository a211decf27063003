package io.clusterleader.spring;

import io.clusterleader.ClusterLeader;
import io.clusterleader.LeadershipListener;
import io.clusterleader.LostReason;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.BeanCreationNotAllowedException;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.util.ClassUtils;

/** Publishes what an election tells as events of the application. */
final class LeadershipEvents implements LeadershipListener {
    private static final Log log = LogFactory.getLog(LeadershipEvents.class);

    private final ClusterLeader source;
    private final String election;
    private final ApplicationEventPublisher publisher;
    private final ClassLoader classLoader = ClassUtils.getDefaultClassLoader();
    private volatile boolean toldAcquired;
    private volatile CountDownLatch lossToTell = new CountDownLatch(0);

    LeadershipEvents(ClusterLeader source, ApplicationEventPublisher publisher) {
        this.source = source;
        this.election = source.status().election();
        this.publisher = publisher;
    }

    @Override
    public void onAcquired(long token, long term) {
        toldAcquired = true;
        publish(new LeadershipAcquiredEvent(source, election, token, term));
    }

    @Override
    public void onLost(long token, LostReason reason) {
        try {
            publish(new LeadershipLostEvent(source, election, token, reason));
        } finally {
            toldAcquired = false;
            lossToTell.countDown();
        }
    }

    /** Gives leadership back, where this instance leads. Returns before that is told. */
    void leave() {
        lossToTell = new CountDownLatch(toldAcquired ? 1 : 0);
        try {
            source.close();
        } catch (RuntimeException failure) { // It runs out; and there are other elections to leave.
            log.warn("Leadership could not be given back: " + source, failure);
        }
    }

    /** Waits for that, while those who listen are still there; not for long. */
    void awaitTold() throws InterruptedException {
        if (!lossToTell.await(1, TimeUnit.SECONDS)) {
            log.debug("Still telling that this instance leads no more: " + source);
        }
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
        } catch (BeanCreationNotAllowedException closed) {
            log.debug("Told nobody, as the application context is closed: " + event);
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
