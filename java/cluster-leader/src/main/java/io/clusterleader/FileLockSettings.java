package io.clusterleader;

import io.clusterleader.spi.Settings;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An election's settings, and where its file is. */
final class FileLockSettings extends Settings {
    /** From what {@link Election#settingsByKey} says, and the environment. */
    FileLockSettings(Map<String, String> given, Function<String, @Nullable String> environment) {
        super(given, environment);
    }

    private boolean isSet(String variable) {
        return !variable(variable, "").isEmpty();
    }

    /** A file lock elects among the processes of one machine: in a cluster each pod would elect itself. */
    boolean areOfACluster() {
        return value("store", "auto").equals("kubernetes") || isSet("KUBERNETES_SERVICE_HOST");
    }

    long heartbeatNanos() {
        String text = value("heartbeat", value("lease-duration", "15s"));
        return text.matches("0(ms|s|m|h)?") ? Long.MAX_VALUE : duration("heartbeat", text).toNanos();
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
}
