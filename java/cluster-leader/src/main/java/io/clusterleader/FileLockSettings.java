package io.clusterleader;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What an election's settings mean where the native library, which else reads them, does not fit. */
final class FileLockSettings {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");
    private static final Pattern ELECTION = Pattern.compile("[a-z0-9]([-a-z0-9.]{0,178}[a-z0-9])?");

    private final Map<String, String> given;
    private final Function<String, @Nullable String> environment;

    /** From what {@link Election#settingsByKey} says, and the environment. */
    FileLockSettings(Map<String, String> given, Function<String, @Nullable String> environment) {
        this.given = given;
        this.environment = environment;
    }

    private String value(String key, String otherwise) {
        String value = given.get(key);
        return value != null && !value.isEmpty() ? value : variable("CLUSTER_LEADER_" + key.toUpperCase(Locale.ROOT).replace('-', '_'), otherwise);
    }

    private String variable(String name, String otherwise) {
        String value = environment.apply(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    private boolean isSet(String variable) {
        return !variable(variable, "").isEmpty();
    }

    /** A file lock elects among the processes of one machine: in a cluster each pod would elect itself. */
    boolean areOfACluster() {
        return value("store", "auto").equals("kubernetes") || isSet("KUBERNETES_SERVICE_HOST");
    }

    String election() {
        String name = value("election", "default");
        if (!ELECTION.matcher(name).matches()) {
            throw wrong("election", name, "a name has lower case letters, digits, '-' and '.', with a letter or a digit first and"
                    + " last, at most 180 characters. Use for example \"billing-jobs\"");
        }
        return name;
    }

    String instanceName() {
        String name = value("instance-name", Stream.of("MY_POD_NAME", "POD_NAME", "HOSTNAME", "COMPUTERNAME")
                .filter(this::isSet).findFirst().map(environment::apply).orElse("localhost"));
        if (name.length() > 200 || name.chars().anyMatch(Character::isISOControl)) {
            throw wrong("instance-name", name, "a name has 1 to 200 characters and no control characters");
        }
        return name;
    }

    Duration leaseDuration() {
        return duration("lease-duration", "15s");
    }

    Duration renewDeadline() {
        return duration("renew-deadline", "10s");
    }

    long heartbeatNanos() {
        String text = value("heartbeat", value("lease-duration", "15s"));
        return text.matches("0(ms|s|m|h)?") ? Long.MAX_VALUE : duration("heartbeat", text).toNanos();
    }

    boolean healthChecked() {
        return given.containsKey("health-check");
    }

    boolean waitUntilReady() {
        String text = value("wait-until-ready", "false");
        if (!text.equals("true") && !text.equals("false")) {
            throw wrong("wait-until-ready", text, "write true or false");
        }
        return text.equals("true");
    }

    private Duration duration(String key, String otherwise) {
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

    /** The file to lock, in its directory, which is made for this user only if it is missing. */
    Path file() throws IOException {
        Path directory = directory();
        FileAttribute<?>[] ownerOnly = FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))}
                : new FileAttribute<?>[0];
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory, ownerOnly);
        }
        String fileSystem = Files.getFileStore(directory).type();
        if (fileSystem.toLowerCase(Locale.ROOT).matches("(nfs|smb|cifs|afp|9p).*")) {
            throw wrong("store", directory.toString(), "locks on a network file system (" + fileSystem
                    + ") cannot be relied on. Name a directory on a local disk with file:DIRECTORY");
        }
        return directory.resolve(election() + ".lock");
    }

    private Path directory() {
        String store = value("store", "auto");
        if (store.startsWith("file:")) {
            Path directory = Paths.get(store.substring("file:".length()));
            if (!directory.isAbsolute()) {
                throw wrong("store", store, "the directory must be an absolute path: else it would depend on where a process was"
                        + " started");
            }
            return directory;
        }
        if (!store.equals("auto") && !store.equals("file")) {
            throw wrong("store", store, "write auto, kubernetes, file, or file:DIRECTORY with an absolute directory");
        }
        if (store.equals("auto") && Stream.of("/.dockerenv", "/run/.containerenv").anyMatch(sign -> Files.exists(Paths.get(sign)))) {
            throw wrong("store", store, "this is a container, and every container would elect itself. Name a directory that all"
                    + " candidates share with file:DIRECTORY, or kubernetes");
        }
        Path home = Paths.get(System.getProperty("user.home"), ".local", "state");
        Path state = Paths.get(variable("XDG_STATE_HOME", home.toString()));
        return (state.isAbsolute() ? state : home).resolve("cluster-leader");
    }

    private static ClusterLeaderException wrong(String key, String value, String rule) {
        return new ClusterLeaderException("cluster-leader." + key + ": \"" + value + "\" cannot be used: " + rule + ".");
    }
}
