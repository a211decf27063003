package io.clusterleader;

/**
 * A setting is wrong, the native library cannot be loaded, or a question to the store was not
 * answered. The message names the thing, its value, the rule and the fix.
 *
 * <p>What goes wrong later, while an election runs (a refused request, an unreachable server), is no
 * exception of any call: it is logged, shown in {@link Status#lastProblem()}, and tried again.
 */
public final class ClusterLeaderException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * For the native library, and whatever takes its place in tests.
     *
     * @param message what is wrong, and the fix
     */
    public ClusterLeaderException(String message) {
        super(message);
    }

    /**
     * With the failure behind it.
     *
     * @param message what is wrong, and the fix
     * @param cause the failure behind it
     */
    ClusterLeaderException(String message, Throwable cause) {
        super(message, cause);
    }
}
