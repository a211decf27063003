package io.clusterleader.spring.boot;

import io.clusterleader.Election;
import io.clusterleader.spring.Delivery;
import io.clusterleader.spring.Misfire;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;

/**
 * The properties {@code cluster-leader.*} of an application.
 *
 * @param enabled Whether this application stands in elections at all.
 * @param election The election of the application: the name of its Lease. By default spring.application.name.
 * @param namespace The namespace of the Lease. By default the pod's own.
 * @param instanceName The name that others are shown when this instance leads. By default the pod's or the host's name.
 * @param store Where the election is held: auto, kubernetes, file, or file:DIRECTORY. By default auto.
 * @param leaseDuration How long others wait for a leader that fell silent. By default 15s.
 * @param renewDeadline How long a leader leads after its last renewal. By default 10s.
 * @param retryPeriod How long to wait after a failed request before the next. By default 2s.
 * @param watchPods Whether a leader whose container Kubernetes reports terminated is replaced at once.
 * @param terminationLog Where the termination log of this container is, if not at /dev/termination-log.
 * @param heartbeat After how long without a sign of life from this JVM its leadership is handed over; 0 is never. By
 *     default the lease duration.
 * @param joinWhen When an instance may lead: once the application is ready, or as soon as its context has started.
 * @param drainTimeout How long leader-only jobs may go on after the application was told to stop, before they are
 *     interrupted.
 * @param interruptOnLoss Whether leader-only jobs that are under way are interrupted when leadership is lost.
 * @param scheduled Of scheduled jobs.
 * @param health Of the health indicator.
 * @param endpoint Of the actuator endpoint.
 * @param nativeLibrary Of the native library.
 */
@ConfigurationProperties("cluster-leader")
public record ClusterLeaderProperties(
        @DefaultValue("true") boolean enabled,
        @Nullable String election,
        @Nullable String namespace,
        @Nullable String instanceName,
        @Nullable String store,
        @Nullable Duration leaseDuration,
        @Nullable Duration renewDeadline,
        @Nullable Duration retryPeriod,
        @Nullable Boolean watchPods,
        @Nullable String terminationLog,
        @Nullable Duration heartbeat,
        @DefaultValue("ready") JoinWhen joinWhen,
        @DefaultValue("20s") Duration drainTimeout,
        boolean interruptOnLoss,
        @DefaultValue Scheduled scheduled,
        @DefaultValue Health health,
        @DefaultValue Endpoint endpoint,
        @Name("native") @DefaultValue NativeLibrary nativeLibrary) {
    /** When an instance may lead. */
    public enum JoinWhen {
        /** Once the application is ready to accept traffic. */
        READY,
        /** As soon as its context has started. */
        STARTED
    }

    /**
     * Of scheduled jobs.
     *
     * @param leaderOnly Whether every @Scheduled job runs on the leader only, except those with @EveryInstance.
     * @param delivery What a job is promised whose leader crashes while it runs, or just after: at-least-once, at-most-once,
     *     or relaxed, which costs no request. Without a crash each tick runs once in all of them.
     * @param misfire What becomes of ticks that were due while no instance led: run-once catches them up with one run, skip
     *     lets them go.
     * @param misfireThreshold How long ago a tick may have been due and still be caught up.
     */
    public record Scheduled(
            boolean leaderOnly,
            @DefaultValue("at-least-once") Delivery delivery,
            @DefaultValue("run-once") Misfire misfire,
            @DefaultValue("1h") Duration misfireThreshold) {}

    /**
     * Of the health indicator.
     *
     * @param downAfter How long something may be wrong with an election before the health is DOWN: the Lease cannot be read
     *     or written.
     */
    public record Health(@DefaultValue("1m") Duration downAfter) {}

    /**
     * Of the actuator endpoint.
     *
     * @param stepDown Whether the endpoint clusterleader may also hand leadership over.
     */
    public record Endpoint(boolean stepDown) {}

    /**
     * Of the native library. It is loaded once in a JVM: what the first application says counts.
     *
     * @param path The native library to load, in place of the one in the jar.
     * @param workdir Where to unpack the native library, which is deleted once loaded. It must be the user's own, and not
     *     writable by others. By default a temporary directory.
     */
    public record NativeLibrary(@Nullable String path, @Nullable String workdir) {}

    /** What these say of each election of the application. */
    Election details(Election election) {
        Election detailed = election;
        detailed = namespace == null ? detailed : detailed.namespace(namespace);
        detailed = instanceName == null ? detailed : detailed.instanceName(instanceName);
        detailed = store == null ? detailed : detailed.store(store);
        detailed = leaseDuration == null ? detailed : detailed.leaseDuration(leaseDuration);
        detailed = renewDeadline == null ? detailed : detailed.renewDeadline(renewDeadline);
        detailed = retryPeriod == null ? detailed : detailed.retryPeriod(retryPeriod);
        detailed = watchPods == null ? detailed : detailed.watchPods(watchPods);
        detailed = terminationLog == null ? detailed : detailed.terminationLog(terminationLog);
        return heartbeat == null ? detailed : detailed.heartbeat(heartbeat);
    }
}
