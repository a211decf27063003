package io.clusterleader.spring;

import org.springframework.context.ApplicationEvent;

/** Something happened in an election that this application stands in. Published on a thread of its own, one at a time. */
public abstract class LeadershipEvent extends ApplicationEvent {
    private static final long serialVersionUID = 1L;

    /** Its name. */
    private final String election;

    LeadershipEvent(Object source, String election) {
        super(source);
        this.election = election;
    }

    /**
     * The election.
     *
     * @return its name
     */
    public String election() {
        return election;
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + "[election=" + election + details() + "]";
    }

    abstract String details();
}
