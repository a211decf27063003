package io.clusterleader.spring;

import java.time.Duration;
import org.springframework.context.ApplicationEvent;

/**
 * A job runs now, on this instance, what had become due while no instance led, or repeats what another has not ended.
 * Published before it runs, on the thread that runs it.
 */
public class TickCaughtUpEvent extends ApplicationEvent {
    private static final long serialVersionUID = 1L;

    /** Since when. */
    private final Duration overdue;

    TickCaughtUpEvent(LeaderOnlyJob job, Duration overdue) {
        super(job.id());
        this.overdue = overdue;
    }

    /**
     * The job.
     *
     * @return its id, as {@link LeaderOnlyJob#id()}
     */
    public String job() {
        return (String) getSource();
    }

    /**
     * How long before the new leader took over it was due: the last of its ticks, if there were several.
     *
     * @return the time
     */
    public Duration overdue() {
        return overdue;
    }

    @Override
    public String toString() {
        return "TickCaughtUpEvent[job=" + job() + ", overdue=" + overdue + "]";
    }
}
