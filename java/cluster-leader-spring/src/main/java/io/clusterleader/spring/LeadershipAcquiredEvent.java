package io.clusterleader.spring;

/** This instance leads now. Work is guarded by asking at that moment, not by this: it may be old when it arrives. */
public class LeadershipAcquiredEvent extends LeadershipEvent {
    private static final long serialVersionUID = 1L;

    /** Of our term. */
    private final long token;
    /** Its number. */
    private final long term;

    LeadershipAcquiredEvent(Object source, String election, long token, long term) {
        super(source, election);
        this.token = token;
        this.term = term;
    }

    /**
     * The fencing token of this term of ours.
     *
     * @return the token
     */
    public long fencingToken() {
        return token;
    }

    /**
     * The number of the term.
     *
     * @return the number
     */
    public long term() {
        return term;
    }

    @Override
    String details() {
        return ", fencingToken=" + token + ", term=" + term;
    }
}
