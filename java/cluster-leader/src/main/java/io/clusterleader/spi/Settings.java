package io.clusterleader.spi;

import io.clusterleader.ClusterLeaderException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What an election's settings mean where the native library, which else reads them, does not stand: what the program says
 * comes before the Java property, this before the environment, this before the default.
 *
 * <p>A value that cannot be used is refused by the method that returns it, with a {@link ClusterLeaderException}. Immutable.
 */
public class Settings {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");
    private static final Pattern ELECTION = Pattern.compile("[a-z0-9]([-a-z0-9.]{0,178}[a-z0-9])?");

    private final Map<String, String> given;
    private final Function<String, @Nullable String> environment;

    /**
     * Settings of an election.
     *
     * @param given what the program and the properties say, by the names of the properties without {@code
     *     cluster-leader.}; {@code health-check} is there where the program has one
     * @param environment the value of an environment variable, or null
     */
    public Settings(Map<String, String> given, Function<String, @Nullable String> environment) {
        this.given = given;
        this.environment = environment;
    }

    /**
     * What was said by the program, the property or the environment.
     *
     * @param key the name of the property without {@code cluster-leader.}
     * @param otherwise the default
     * @return the value, never empty but for the default
     */
    protected final String value(String key, String otherwise) {
        String value = given.get(key);
        return value != null && !value.isEmpty() ? value : variable("CLUSTER_LEADER_" + key.toUpperCase(Locale.ROOT).replace('-', '_'), otherwise);
    }

    /**
     * An environment variable.
     *
     * @param name its name
     * @param otherwise the default
     * @return its value, or the default where it is not set or empty
     */
    protected final String variable(String name, String otherwise) {
        String value = environment.apply(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    /**
     * The name of the election.
     *
     * @return the name, by default {@code default}
     */
    public final String election() {
        String name = value("election", "default");
        if (!ELECTION.matcher(name).matches()) {
            throw wrong("election", name, "a name has lower case letters, digits, '-' and '.', with a letter or a digit first and"
                    + " last, at most 180 characters. Use for example \"billing-jobs\"");
        }
        return name;
    }

    /**
     * The name that others are shown.
     *
     * @return the name, by default the pod's or the host's as far as the environment tells it
     */
    public final String instanceName() {
        String name = value("instance-name", Stream.of("MY_POD_NAME", "POD_NAME", "HOSTNAME", "COMPUTERNAME")
                .map(variable -> variable(variable, "")).filter(value -> !value.isEmpty()).findFirst().orElse("localhost"));
        if (name.length() > 200 || name.chars().anyMatch(Character::isISOControl)) {
            throw wrong("instance-name", name, "a name has 1 to 200 characters and no control characters");
        }
        return name;
    }

    /**
     * How long others wait for a leader that fell silent.
     *
     * @return the lease duration, by default 15 seconds
     */
    public final Duration leaseDuration() {
        return duration("lease-duration", "15s");
    }

    /**
     * How long a leader leads after its last renewal.
     *
     * @return the renew deadline, by default 10 seconds
     */
    public final Duration renewDeadline() {
        return duration("renew-deadline", "10s");
    }

    /**
     * Whether the program has a health check, whose answers are passed on to {@link Candidacy#beat}.
     *
     * @return true if it has
     */
    public final boolean healthChecked() {
        return given.containsKey("health-check");
    }

    /**
     * Whether it may stand only after {@link Candidacy#ready()}.
     *
     * @return true if it waits for that
     */
    public final boolean waitUntilReady() {
        String text = value("wait-until-ready", "false");
        if (!text.equals("true") && !text.equals("false")) {
            throw wrong("wait-until-ready", text, "write true or false");
        }
        return text.equals("true");
    }

    /**
     * A setting that is a duration above zero.
     *
     * @param key the name of the property without {@code cluster-leader.}
     * @param otherwise the default
     * @return the duration
     */
    protected final Duration duration(String key, String otherwise) {
        String text = value(key, otherwise);
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches() || Long.parseLong(matcher.group(1)) == 0) {
            throw wrong(key, text, "write a whole number above 0 and a unit (ms, s, m or h), for example 15s");
        }
        long number = Long.parseLong(matcher.group(1));
        switch (matcher.group(2)) {
            case "ms":
                return Duration.ofMillis(number);
            case "s":
                return Duration.ofSeconds(number);
            case "m":
                return Duration.ofMinutes(number);
            default:
                return Duration.ofHours(number);
        }
    }

    /**
     * Refuses a value.
     *
     * @param key the name of the property without {@code cluster-leader.}
     * @param value what it is
     * @param rule what it should be, and the fix, without the full stop
     * @return the refusal, to be thrown
     */
    protected static ClusterLeaderException wrong(String key, String value, String rule) {
        return new ClusterLeaderException("cluster-leader." + key + ": \"" + value + "\" cannot be used: " + rule + ".");
    }
}
