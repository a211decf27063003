package io.clusterleader;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An election to stand in: a name, and whatever should differ from the defaults.
 *
 * <pre>{@code
 * Election.named("billing-jobs").leaseDuration(Duration.ofSeconds(30)).renewDeadline(Duration.ofSeconds(20))
 * }</pre>
 *
 * <p>Immutable: each method returns a new one. What is not said here is taken from the Java property
 * {@code cluster-leader.*}, then from the environment variable {@code CLUSTER_LEADER_*}, then from the
 * defaults; the package's description lists them. Values are checked when the election is started.
 */
public final class Election {
    /** The settings that the native library knows, by its own names. */
    private enum Setting {
        ELECTION("election", "named"),
        NAMESPACE("namespace", "namespace"),
        INSTANCE_NAME("instance-name", "instanceName"),
        STORE("store", "store"),
        LEASE_DURATION("lease-duration", "leaseDuration"),
        RENEW_DEADLINE("renew-deadline", "renewDeadline"),
        RETRY_PERIOD("retry-period", "retryPeriod"),
        WATCH_PODS("watch-pods", "watchPods"),
        TERMINATION_LOG("termination-log", "terminationLog"),
        HEARTBEAT("heartbeat", "heartbeat"),
        WAIT_UNTIL_READY("wait-until-ready", "waitUntilReady"),
        /** Only that there is one: only a program can supply it. */
        HEALTH_CHECK("health-check", "healthCheck");

        private final String key;
        private final String method;

        Setting(String key, String method) {
            this.key = key;
            this.method = method;
        }

        private String property() {
            return "cluster-leader." + key;
        }

        private String origin() {
            return "Election." + method;
        }
    }

    /** Everything as the properties, the environment and the defaults say. */
    static final Election CONFIGURED = new Election(new EnumMap<>(Setting.class), null);

    private final Map<Setting, String> values;
    private final @Nullable BooleanSupplier healthCheck;

    private Election(Map<Setting, String> values, @Nullable BooleanSupplier healthCheck) {
        this.values = values;
        this.healthCheck = healthCheck;
    }

    /**
     * The election that the properties and the environment describe, its name included.
     *
     * @return the election
     */
    public static Election configured() {
        return CONFIGURED;
    }

    /**
     * An election of this name, which is the name of the Lease.
     *
     * @param name a DNS subdomain as Kubernetes wants it: lower case letters, digits, '-' and '.'
     * @return the election
     */
    public static Election named(String name) {
        return CONFIGURED.with(Setting.ELECTION, name);
    }

    /**
     * The namespace of the Lease. By default the pod's own.
     *
     * @param namespace its name
     * @return an election with this namespace
     */
    public Election namespace(String namespace) {
        return with(Setting.NAMESPACE, namespace);
    }

    /**
     * The name that others are shown when this process leads. By default the pod's or the host's name.
     *
     * @param instanceName the name
     * @return an election with this instance name
     */
    public Election instanceName(String instanceName) {
        return with(Setting.INSTANCE_NAME, instanceName);
    }

    /**
     * Where the election is held: {@code auto} (the default), {@code kubernetes}, {@code file} or {@code
     * file:DIRECTORY}.
     *
     * @param store the store
     * @return an election with this store
     */
    public Election store(String store) {
        return with(Setting.STORE, store);
    }

    /**
     * How long others wait for a leader that fell silent. Whole seconds, longer than the renew
     * deadline. By default 15 seconds.
     *
     * @param duration the lease duration
     * @return an election with this lease duration
     */
    public Election leaseDuration(Duration duration) {
        return with(Setting.LEASE_DURATION, duration);
    }

    /**
     * How long a leader leads after its last renewal. At least a second less than the lease duration, more than 1.2
     * times the retry period. By default 10 seconds.
     *
     * @param duration the renew deadline
     * @return an election with this renew deadline
     */
    public Election renewDeadline(Duration duration) {
        return with(Setting.RENEW_DEADLINE, duration);
    }

    /**
     * How long to wait after a failed request before the next. By default 2 seconds.
     *
     * @param duration the retry period
     * @return an election with this retry period
     */
    public Election retryPeriod(Duration duration) {
        return with(Setting.RETRY_PERIOD, duration);
    }

    /**
     * Whether a leader whose container Kubernetes reports terminated is replaced at once, and not only
     * when its lease has run out. By default not.
     *
     * <p>Each process then writes its holder identity into the termination log of its container, and
     * watches the pod of whoever leads, for which the service account must be allowed to {@code watch}
     * pods. What is written takes the place of the tail of the log that {@code terminationMessagePolicy:
     * FallbackToLogsOnError} shows. The instance name must be the pod's name, as it is by default. On
     * files it has no effect: they have a proof of death of their own.
     *
     * @param watch whether pods are watched
     * @return an election that does so
     */
    public Election watchPods(boolean watch) {
        return with(Setting.WATCH_PODS, String.valueOf(watch));
    }

    /**
     * Where the termination log of this container is, if its {@code terminationMessagePath} is not {@code
     * /dev/termination-log}. Used where {@link #watchPods pods are watched}.
     *
     * @param file an absolute path
     * @return an election with this termination log
     */
    public Election terminationLog(String file) {
        return with(Setting.TERMINATION_LOG, file);
    }

    /**
     * After how long without a sign of life from this JVM its leadership is handed over. The JVM gives
     * one every second; where there is a {@linkplain #healthCheck health check}, its answers are the signs of
     * life instead. By default the lease duration.
     *
     * @param duration the longest silence: two seconds or more, or zero for no limit
     * @return an election with this heartbeat
     */
    public Election heartbeat(Duration duration) {
        return with(Setting.HEARTBEAT, duration);
    }

    /**
     * Whether to stand only once {@link ClusterLeader#ready()} has been called: an instance that still
     * warms up is of no use as a leader. One that never says so never leads. By default not.
     *
     * @param wait whether to wait
     * @return an election that does so
     */
    public Election waitUntilReady(boolean wait) {
        return with(Setting.WAIT_UNTIL_READY, String.valueOf(wait));
    }

    /**
     * A check of the program's own: while it says no, throws or hangs, this process does not lead. By default
     * there is none.
     *
     * <p>It is asked on a daemon thread of its own: when the election begins, and then a second after each
     * answer. This process stands once it has said yes. A no takes effect at once: the answer is no, the
     * record is released, and this process does not stand until the check says yes again. So does an
     * exception, which is logged. A check that has not answered for the {@linkplain #heartbeat(Duration)
     * heartbeat} (by default the lease duration) hangs, which has the same effect; where the heartbeat is
     * zero it is not noticed. When the election is closed, a check that still runs is interrupted.
     *
     * <p>Let it check what only this process suffers from, such as a full disk or a dead thread: if all
     * candidates ask the same broken database, nobody leads.
     *
     * @param check says whether this process is fit to lead; an exception is a no
     * @return an election with this health check
     */
    public Election healthCheck(BooleanSupplier check) {
        Objects.requireNonNull(check, Setting.HEALTH_CHECK.origin());
        return new Election(with(Setting.HEALTH_CHECK, "supplied").values, check);
    }

    /** The health check, or null. */
    @Nullable BooleanSupplier healthCheck() {
        return healthCheck;
    }

    private Election with(Setting setting, Duration duration) {
        // Finer grains would be cut off silently, and a zero may mean something else altogether.
        if (duration.getNano() % 1_000_000 != 0) {
            throw new ClusterLeaderException(
                    setting.origin() + ": " + duration + " is not a whole number of milliseconds. Round it.");
        }
        return with(setting, duration.toMillis() + "ms");
    }

    private Election with(Setting setting, String value) {
        Map<Setting, String> more = new EnumMap<>(values);
        more.put(setting, Objects.requireNonNull(value, setting.origin()));
        return new Election(more, healthCheck);
    }

    /** Triples of key, value and where the value came from, as {@link Native#start} takes them. */
    String[] settings() {
        List<String> triples = new ArrayList<>();
        for (Setting setting : Setting.values()) {
            String origin = setting.origin();
            String value = values.get(setting);
            if (value == null && setting != Setting.HEALTH_CHECK) {
                origin = "the property " + setting.property();
                value = System.getProperty(setting.property());
            }
            if (value != null) {
                triples.add(setting.key);
                triples.add(value);
                triples.add(origin);
            }
        }
        return triples.toArray(new String[0]);
    }

    /** What {@link #settings} says, by key. */
    Map<String, String> settingsByKey() {
        String[] triples = settings();
        Map<String, String> byKey = new HashMap<>();
        for (int at = 0; at < triples.length; at += 3) {
            byKey.put(triples[at], triples[at + 1]);
        }
        return byKey;
    }

    /**
     * What was said, for people.
     *
     * @return the settings and their values
     */
    @Override
    public String toString() {
        return "Election" + values;
    }
}
