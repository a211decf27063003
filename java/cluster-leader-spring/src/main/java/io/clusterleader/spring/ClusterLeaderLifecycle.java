package io.clusterleader.spring;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationContextAware;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.core.Ordered;

/**
 * When an application stands in its elections: first to start, last to stop.
 *
 * <p>Leadership is given back as soon as leader-only work has ended, which is while a web server still waits for its
 * requests: draining begins when the context says that it is about to close, on a thread of its own. The stop of this
 * bean, the last of all, waits for it, so that what such work needs is there until then.
 *
 * <p>Where work does not end, leadership is kept: as long as it runs here, nobody else may begin it. The library gives it
 * back when the process has ended.
 *
 * <p>Everything may be called from any thread.
 */
public final class ClusterLeaderLifecycle
        implements SmartLifecycle, ApplicationContextAware, ApplicationListener<ContextClosedEvent>, Ordered, DisposableBean {
    /** For interrupted work to notice. */
    private static final long AFTER_INTERRUPT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final Log log = LogFactory.getLog(ClusterLeaderLifecycle.class);

    private final ClusterLeaderSettings settings;
    private final Elections elections;
    private final LeaderOnlyJobs jobs;
    private final Runs runs;
    private @Nullable ApplicationContext context;
    private volatile boolean running;
    private boolean stopping;
    private boolean suspended;
    /** Null while this application stands. */
    private @Nullable Drain drain;

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

    /** The first to be told that the context is about to close: another may take its time, or fail. */
    @Override
    public int getOrder() {
        return HIGHEST_PRECEDENCE;
    }

    /** For Spring: stands in the elections of the application. */
    @Override
    public synchronized void start() {
        stopping = false;
        if (!suspended) {
            stand();
        }
        running = true;
    }

    private void stand() {
        drain = null; // One that is under way has nothing to give back any more.
        runs.reopen();
        try {
            jobs.all().forEach(job -> elections.seat(job.election()));
            elections.join();
        } catch (RuntimeException | Error failure) {
            elections.leave();
            throw failure;
        }
        if (settings.isReadyAtStart()) {
            elections.ready();
        }
    }

    /**
     * Has this instance leave its elections while the application goes on: it may not be fit to lead. No leader-only work
     * begins any more; when what is under way has ended, as at the end of the application, leadership is given back.
     * Returns at once.
     */
    public synchronized void suspend() {
        suspended = true;
        if (running) {
            beginDrain();
        }
    }

    /** Has this instance stand again, where {@link #suspend()} had it leave. */
    public synchronized void resume() {
        boolean stands = !suspended;
        suspended = false;
        if (!stands && running && !stopping) {
            stand();
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** For Spring: begins to drain leader-only work. */
    @Override
    public void onApplicationEvent(ContextClosedEvent closed) {
        if (closed.getApplicationContext() == context && running) { // A child's event comes here too.
            beginStop();
        }
    }

    private synchronized Drain beginStop() {
        stopping = true;
        runs.thisThreadAwaitsEnd();
        return beginDrain();
    }

    private Drain beginDrain() {
        Drain begun = drain;
        if (begun == null) {
            runs.close();
            begun = new Drain();
            Thread thread = new Thread(begun, "cluster-leader-drain");
            thread.setDaemon(true);
            thread.start();
            drain = begun;
        }
        return begun;
    }

    /** For Spring: waits until leader-only work has ended, or will not, and leadership is given back where it has. */
    @Override
    public void stop() {
        try {
            beginStop().settled.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        running = false;
    }

    /** For Spring: what was started is stopped, even where the context failed to start and tells nobody. */
    @Override
    public void destroy() {
        if (running) {
            stop();
        }
    }

    /** Gives leadership back once leader-only work has ended. */
    private final class Drain implements Runnable {
        /** Zero once leadership is given back, or it is clear that it is kept for now. */
        private final CountDownLatch settled = new CountDownLatch(1);

        @Override
        public void run() {
            try {
                boolean seen = endOthers();
                if (!seen || !runs.isEmpty()) {
                    settled.countDown();
                }
                if (seen && runs.awaitAll()) {
                    leave();
                }
            } catch (InterruptedException interrupted) {
                log.warn("Leadership is kept until the process ends, as this thread was interrupted.");
            } finally {
                settled.countDown();
            }
        }

        /** Whether it can be seen when the last work has ended, if it has not. */
        private boolean endOthers() throws InterruptedException {
            if (runs.awaitOthers(settings.drainTimeout().toNanos()) || isOff()) {
                runs.underWay().stream().filter(Run::isAwaitingEnd).forEach(Run::noteEnd); // All it still does is to wait.
                return true;
            }
            List<Run> late = runs.underWay().stream().filter(run -> !run.isAwaitingEnd()).toList();
            boolean endsUnseen = late.stream().anyMatch(Run::endsUnseen);
            log.warn("Leader-only work is interrupted, as it has not ended within " + settings.drainTimeout() + ": " + names(late));
            late.forEach(Run::interrupt);
            boolean ended = runs.awaitOthers(AFTER_INTERRUPT_NANOS);
            runs.underWay().forEach(Run::noteCut);
            if (!ended && !isOff()) {
                log.warn("Leadership is kept until the process ends, as leader-only work does not end though it was interrupted: "
                        + names(runs.underWay()) + ". Have it end when its thread is interrupted.");
            } else if (endsUnseen) {
                log.warn("Leadership is kept until the process ends, as leader-only work was cancelled of which it is not known"
                        + " whether it has ended: " + names(late) + ". Have it end earlier, or set a longer drain timeout.");
            }
            return !endsUnseen;
        }

        private void leave() throws InterruptedException {
            List<LeadershipEvents> left;
            synchronized (ClusterLeaderLifecycle.this) {
                left = isOff() ? List.of() : elections.leave();
            }
            for (LeadershipEvents each : left) {
                each.awaitTold();
            }
        }

        /** Whether this application stands again. */
        private boolean isOff() {
            synchronized (ClusterLeaderLifecycle.this) {
                return drain != this;
            }
        }

        private String names(Collection<Run> runs) {
            return runs.stream().map(Run::toString).sorted().collect(Collectors.joining(", "));
        }
    }
}
