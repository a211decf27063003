package io.clusterleader.spring;

/**
 * Tells whether this instance leads the application's election: for code that decides by itself what runs on the leader
 * only. A bean of this type is there wherever cluster-leader is set up.
 */
public class ClusterLeaderService {
    private final Elections elections;
    private final Elections.Seat own;
    private final Runs runs;

    ClusterLeaderService(Elections elections, Runs runs) {
        this.elections = elections;
        this.own = elections.seat("");
        this.runs = runs;
    }

    /**
     * Whether this instance leads. It costs about one clock read: ask before each job, and as often as you like within
     * it. No before the application has started. No once it was told to stop, except to leader-only work that is under
     * way, and to scheduled work that was told yes before: leadership is given back only when that has ended.
     *
     * @return true if this instance leads
     */
    public boolean isThisInstanceLeader() {
        return isLeader(own);
    }

    /**
     * Whether this instance leads another election of this application.
     *
     * @param election its name
     * @return true if this instance leads it
     */
    public boolean isThisInstanceLeader(String election) {
        return isLeader(elections.seat(election));
    }

    private boolean isLeader(Elections.Seat seat) {
        return runs.isLeader(seat::isLeader);
    }
}
