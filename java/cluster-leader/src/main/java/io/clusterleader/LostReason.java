package io.clusterleader;

/** Why a term of leadership ended. */
public enum LostReason {
    // In the native library's order: it sends the position.

    /** The renew deadline passed without an acknowledged renewal. */
    EXPIRED,
    /** The record names another holder. */
    SUPERSEDED,
    /** Somebody else blanked the holder in the record. */
    BLANKED,
    /** The record was deleted. */
    DELETED,
    /** The record came under the API server's coordinated election ({@code spec.strategy}). */
    COORDINATED,
    /** Another process uses our identity. */
    DUPLICATE_IDENTITY,
    /** {@link ClusterLeader#stepDown()} was called, or somebody asked for it through the record. */
    STEPPED_DOWN,
    /** The election was closed. */
    STOPPED,
    /**
     * This JVM gave no sign of life for the heartbeat: frozen, or busy with nothing but collecting garbage.
     * Or the {@linkplain Election#healthCheck health check} did not answer for that long.
     */
    HOST_STUCK,
    /** The thread that drives the elections failed and was restarted. */
    DRIVER_FAILED,
    /** The {@linkplain Election#healthCheck health check} said no, or threw. */
    UNHEALTHY
}
