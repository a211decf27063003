package io.clusterleader.spring;

import io.clusterleader.LostReason;

/** This instance leads no more. */
public class LeadershipLostEvent extends LeadershipEvent {
    private static final long serialVersionUID = 1L;

    /** Of our term. */
    private final long token;
    /** Why it ended. */
    private final LostReason reason;

    LeadershipLostEvent(Object source, String election, long token, LostReason reason) {
        super(source, election);
        this.token = token;
        this.reason = reason;
    }

    /**
     * The fencing token of the term that ended.
     *
     * @return the token
     */
    public long fencingToken() {
        return token;
    }

    /**
     * Why it ended.
     *
     * @return the reason
     */
    public LostReason reason() {
        return reason;
    }

    @Override
    String details() {
        return ", fencingToken=" + token + ", reason=" + reason;
    }
}
