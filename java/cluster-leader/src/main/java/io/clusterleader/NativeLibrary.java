package io.clusterleader;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Finds and loads the native library: the file that {@code cluster-leader.native.path} names, else the
 * same file as the jar's on {@code java.library.path}, else the jar's, unpacked.
 */
final class NativeLibrary {
    static final String PATH = "cluster-leader.native.path";
    static final String WORKDIR = "cluster-leader.native.workdir";

    private static final int ABI_VERSION = 1;
    private static final String FILE_NAME = "libcluster_leader.so";
    private static final String RESOURCE = "/io/clusterleader/native/" + Platform.name() + "/" + FILE_NAME;

    private static boolean loaded;
    private static volatile boolean checked;

    private NativeLibrary() {}

    /** Loads the library, once. After a failure the next call tries again. False if none fits this platform. */
    static synchronized boolean load() {
        if (checked) {
            return true;
        }
        if (!loaded) {
            String path = System.getProperty(PATH, "");
            if (!path.isEmpty()) {
                loadNamed(Paths.get(path));
            } else if (!loadInstalled() && !loadBundled()) {
                return false;
            }
            // From here on the JVM is bound to it, whatever it is.
            loaded = true;
        }
        int abiVersion = abiVersion();
        if (abiVersion != ABI_VERSION) {
            throw new ClusterLeaderException("The native library that was loaded has ABI " + abiVersion + ", but this jar needs ABI "
                    + ABI_VERSION + ". Remove the property " + PATH
                    + " to use the library in the jar, or name one of the jar's version, and start again.");
        }
        // Having been asked once, it keeps its log lines for us.
        Native.await(0, 0);
        checked = true;
        return true;
    }

    /** Whether the functions of {@link Native} can be called. */
    static boolean isLoaded() {
        return checked;
    }

    private static int abiVersion() {
        try {
            return Native.abiVersion();
        } catch (UnsatisfiedLinkError notOurs) {
            throw new ClusterLeaderException("The native library that was loaded is none of cluster-leader, or a much older one: "
                    + notOurs.getMessage() + ". Let the property " + PATH + " name one of the jar's version, or remove it to use"
                    + " the one in the jar, and start again.", notOurs);
        }
    }

    /** What there is to say where none fits. */
    static ClusterLeaderException missing() {
        return new ClusterLeaderException("The jar has no native library for " + Platform.described() + " (" + RESOURCE
                + "). Build one there with make native, and name it in the property " + PATH + ".");
    }

    private static void loadNamed(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new ClusterLeaderException("The property " + PATH + " names " + file.toAbsolutePath()
                    + ", which is no file. Name the library itself (" + FILE_NAME
                    + "), or remove the property to use the one in the jar.");
        }
        link(file, "Name a library for this platform, or remove the property " + PATH + " to use the one in the jar.");
    }

    /** Whether a library on {@code java.library.path} could be used. Anything but the jar's own is another version. */
    private static boolean loadInstalled() {
        if (!Platform.isLinux()) {
            return false;
        }
        String bundled = checksum();
        Set<Path> seen = new HashSet<>();
        for (String directory : System.getProperty("java.library.path", "").split(File.pathSeparator)) {
            Path file = Paths.get(directory, FILE_NAME);
            if (directory.isEmpty() || !Files.isRegularFile(file)) {
                continue;
            }
            try {
                if (!seen.add(file.toRealPath())) {
                    continue;
                }
                if (bundled == null || bundled.equals(checksum(file))) {
                    link(file, "Remove it from java.library.path.");
                    return true;
                }
                NativeLog.LOGGER.warning("Skipped " + file + " on java.library.path: it is another version or build than the"
                        + " library in the jar. To use it nevertheless, name it in the property " + PATH + ".");
            } catch (IOException | ClusterLeaderException unusable) {
                NativeLog.LOGGER.warning("Skipped " + file + " on java.library.path: " + unusable.getMessage());
            }
        }
        return false;
    }

    /** Whether the jar has a library for this platform. */
    private static boolean loadBundled() {
        try (InputStream library = NativeLibrary.class.getResourceAsStream(RESOURCE)) {
            if (library == null) {
                return false;
            }
            unpackAndLink(library);
            return true;
        } catch (IOException failure) {
            throw new ClusterLeaderException("The native library could not be unpacked: " + failure
                    + ". Let the property " + WORKDIR + " name a directory that this process can write to.", failure);
        }
    }

    private static void unpackAndLink(InputStream library) throws IOException {
        Path directory = privateDirectory();
        try {
            Path file = directory.resolve(FILE_NAME);
            CheckedInputStream checked = new CheckedInputStream(library, new CRC32());
            // Not there yet: Files.copy creates it, and follows no link. The directory is ours alone.
            Files.copy(checked, file);
            if (!checksum(checked).equals(checksum())) {
                throw new ClusterLeaderException("The native library in the jar (" + RESOURCE
                        + ") does not match its checksum: the jar is damaged. Get it again.");
            }
            link(file, "If its file system is mounted noexec, let the property " + WORKDIR
                    + " name a directory on one that is not.");
        } finally {
            delete(directory);
        }
    }

    /** A new directory that only we can enter: in the one that was asked for, else where temporary files are. */
    private static Path privateDirectory() throws IOException {
        String workdir = System.getProperty(WORKDIR, "");
        if (workdir.isEmpty()) {
            return Files.createTempDirectory("cluster-leader-");
        }
        Path parent = Paths.get(workdir);
        if (!Files.isDirectory(parent, LinkOption.NOFOLLOW_LINKS)) {
            throw refused(parent, "is no directory, or a symbolic link to one");
        }
        Path directory = Files.createTempDirectory(parent, "cluster-leader-");
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(parent);
        String complaint = null;
        if (!Files.getOwner(parent).equals(Files.getOwner(directory))) {
            complaint = "belongs to " + Files.getOwner(parent);
        } else if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            complaint = "can be written to by others (" + PosixFilePermissions.toString(permissions) + ")";
        }
        if (complaint != null) {
            delete(directory);
            throw refused(parent, complaint);
        }
        return directory;
    }

    private static ClusterLeaderException refused(Path workdir, String complaint) {
        return new ClusterLeaderException("The property " + WORKDIR + " names " + workdir.toAbsolutePath() + ", which " + complaint
                + ". Name a directory that belongs to this process's user and that nobody else can write to. On a volume"
                + " that others can write to, let java.io.tmpdir name it instead, and leave " + WORKDIR + " out.");
    }

    private static void link(Path file, String fix) {
        try {
            System.load(file.toAbsolutePath().toString());
        } catch (UnsatisfiedLinkError refused) {
            boolean twice = String.valueOf(refused.getMessage()).contains("already loaded in another classloader");
            throw new ClusterLeaderException("The native library " + file.toAbsolutePath() + " could not be loaded on "
                    + Platform.described() + ": " + refused.getMessage() + ". "
                    + (twice ? "Remove it from " + PATH + " and java.library.path: each class loader then unpacks its own." : fix),
                    refused);
        }
    }

    /**
     * The checksum that the library in the jar should have; null if there is none for this platform. It is there to find
     * damage and other versions: whoever could change the library could change this too.
     */
    private static @Nullable String checksum() {
        try (InputStream in = NativeLibrary.class.getResourceAsStream(RESOURCE + ".crc32")) {
            return in == null ? null : new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII)).readLine();
        } catch (IOException failure) {
            throw new ClusterLeaderException("The jar cannot be read: " + failure + ". Get it again.", failure);
        }
    }

    private static String checksum(Path file) throws IOException {
        try (CheckedInputStream in = new CheckedInputStream(Files.newInputStream(file), new CRC32())) {
            byte[] buffer = new byte[64 * 1024];
            while (in.read(buffer) >= 0) {
                // Until the end of the file.
            }
            return checksum(in);
        }
    }

    private static String checksum(CheckedInputStream in) {
        return Long.toHexString(in.getChecksum().getValue());
    }

    /** What is mapped stays usable when its file is gone. */
    private static void delete(Path directory) {
        try {
            Files.deleteIfExists(directory.resolve(FILE_NAME));
            Files.deleteIfExists(directory);
        } catch (IOException left) {
            NativeLog.LOGGER.warning("Could not delete " + directory + ": " + left);
        }
    }
}
