package io.clusterleader.spring;

import java.util.function.Supplier;

/** A scheduled job, run where it may. */
class GuardedTask implements Runnable {
    private final Supplier<Guard> guard;
    private final LeaderOnlyJob job;
    private final Runnable task;

    GuardedTask(Supplier<Guard> guard, LeaderOnlyJob job, Runnable task) {
        this.guard = guard;
        this.job = job;
        this.task = task;
    }

    @Override
    public void run() {
        attempt(guard.get());
    }

    /** Whether it ran. */
    private boolean attempt(Guard guarding) {
        if (guarding.isLeaderOnly(job)) {
            return guarding.run(job, task);
        }
        guarding.runEverywhere(job, task);
        return true;
    }

    /** One that is due once. Where this instance does not lead by then, it is kept until it does. */
    static final class Once extends GuardedTask {
        private final Ticks ticks;

        Once(Supplier<Guard> guard, LeaderOnlyJob job, Runnable task, Ticks ticks) {
            super(guard, job, task);
            this.ticks = ticks;
        }

        @Override
        public void run() {
            Guard guarding = super.guard.get();
            if (!super.attempt(guarding) && !ticks.isOver()) {
                guarding.whenLeading(super.job, ticks::fireAgain);
            }
        }
    }
}
