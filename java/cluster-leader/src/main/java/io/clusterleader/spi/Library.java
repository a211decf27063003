package io.clusterleader.spi;

/** What a {@link CandidacyProvider} may ask of this library. Everything may be called from any thread, and returns at once. */
public interface Library {
    /**
     * Runs a task on the thread that tells listeners, after all that they are to be told already: of all changes, in all
     * elections, after which {@code changed} of {@link Candidacy#begin} has been called.
     *
     * @param task the task; no listener is told anything until it returns
     */
    void afterListeners(Runnable task);

    /**
     * Has the election of this process ({@link io.clusterleader.ClusterLeader#thisInstance()}) begin anew with the next
     * question, if it was closed. Else closing it is for good, and one test would do so for all that follow.
     */
    void forgetClosed();
}
