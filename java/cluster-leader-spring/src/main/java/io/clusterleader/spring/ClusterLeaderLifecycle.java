package io.clusterleader.spring;

import java.util.Collection;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextAware;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextClosedEvent;

/**
 * When an application stands in its elections: first to start, last to stop.
 *
 * <p>Leadership is given back as soon as leader-only work has ended, which is while a web server still waits for its
 * requests: draining begins when the context says that it is about to close, on a thread of its own. The stop of this
 * bean, the last of all, waits for it, so that what such work needs is there until then.
 *
 * <p>Where work does not end, leadership is kept: as long as it runs here, nobody else may begin it. The library gives it
 * back when the process has ended.
 */
final class ClusterLeaderLifecycle
        implements SmartLifecycle, ApplicationContextAware, ApplicationListener<ContextClosedEvent> {
    /** For interrupted work to notice. */
    private static final long AFTER_INTERRUPT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final Log log = LogFactory.getLog(ClusterLeaderLifecycle.class);

    private final ClusterLeaderSettings settings;
    private final Elections elections;
    private final LeaderOnlyJobs jobs;
    private final Runs runs;
    private @Nullable ApplicationContext context;
    private volatile boolean running;
    private @Nullable CountDownLatch settled;

    ClusterLeaderLifecycle(ClusterLeaderSettings settings, Elections elections, LeaderOnlyJobs jobs, Runs runs) {
        this.settings = settings;
        this.elections = elections;
        this.jobs = jobs;
        this.runs = runs;
    }

    @Override
    public void setApplicationContext(ApplicationContext applicationContext) {
        context = applicationContext;
    }

    @Override
    public int getPhase() {
        return Integer.MIN_VALUE;
    }

    @Override
    public void start() {
        runs.reopen();
        jobs.all().forEach(job -> elections.seat(job.election()));
        elections.join();
        if (settings.isReadyAtStart()) {
            elections.ready();
        }
        running = true;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public void onApplicationEvent(ContextClosedEvent closed) {
        if (closed.getApplicationContext() == context && running) { // A child's event comes here too.
            beginDrain();
        }
    }

    /** Ends when it is settled whether the elections were left. */
    private synchronized CountDownLatch beginDrain() {
        CountDownLatch begun = settled;
        if (begun == null) {
            runs.close();
            CountDownLatch settles = new CountDownLatch(1);
            Thread thread = new Thread(() -> drain(settles), "cluster-leader-drain");
            thread.setDaemon(true);
            thread.start();
            settled = settles;
            begun = settles;
        }
        return begun;
    }

    private void drain(CountDownLatch settles) {
        try {
            if (!hasEnded()) {
                log.warn("Leadership is kept until the process ends, as leader-only work does not end though it was interrupted: "
                        + names(runs.underWay()) + ". Have it end when its thread is interrupted.");
                settles.countDown();
                runs.awaitEnd(Long.MAX_VALUE);
            }
            elections.leave();
        } finally {
            settles.countDown();
        }
    }

    private boolean hasEnded() {
        if (runs.awaitEnd(settings.drainTimeout().toNanos())) {
            return true;
        }
        Collection<Run> late = runs.underWay();
        log.warn("Leader-only work is interrupted, as it has not ended within " + settings.drainTimeout() + ": " + names(late));
        late.forEach(Run::interrupt);
        return runs.awaitEnd(AFTER_INTERRUPT_NANOS);
    }

    private static String names(Collection<Run> runs) {
        return runs.stream().map(Run::toString).sorted().collect(Collectors.joining(", "));
    }

    @Override
    public void stop() {
        try {
            beginDrain().await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        synchronized (this) {
            settled = null;
            running = false;
        }
    }
}
