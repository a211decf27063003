package io.clusterleader.spring;

/** What becomes of a tick that was due while no instance led. */
public enum Misfire {
    /** The next leader runs the job at once: once, for all ticks that were due. */
    RUN_ONCE,
    /** It is let go: the job runs at its next tick. */
    SKIP
}
