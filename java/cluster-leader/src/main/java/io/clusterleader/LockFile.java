package io.clusterleader;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A file that one holder at a time has locked, in whichever process or class loader it is; and in it, who
 * that is. The kernel drops the lock when the process ends, however it ends.
 *
 * <p>A JVM has one channel to it, shared between class loaders through the system properties and never
 * closed: on POSIX systems closing any channel to a file drops the lock on it. For the same reason no
 * thread that may be interrupted touches it: an interrupt closes the channel.
 */
final class LockFile {
    private static final String SHARED = "cluster-leader.lock-file:";
    /** Far behind the content: on Windows nobody else can read what is locked. */
    private static final long LOCKED = Long.MAX_VALUE - 1;
    private static final int LONGEST = 4096;
    /** Whatever becomes of the system properties, these are not collected, which would close them. */
    private static final Set<FileChannel> OPEN = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final @Nullable Object key;
    private final FileChannel channel;

    /** Creates the file if there is none; the directory must be there. */
    LockFile(Path file) throws IOException {
        path = file.getParent().toRealPath().resolve(file.getFileName());
        try {
            Files.createFile(path);
        } catch (FileAlreadyExistsException another) {
            // It was faster.
        }
        key = keyOf(path);
        try {
            channel = (FileChannel) System.getProperties().computeIfAbsent(SHARED + path + key, absent -> open(path));
        } catch (UncheckedIOException failure) {
            throw new IOException(path + ": " + failure.getCause().getMessage(), failure.getCause());
        }
        OPEN.add(channel);
    }

    private static @Nullable Object keyOf(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
    }

    /** Whether it is still the one that newcomers find: a file that was deleted can be locked for ever. */
    boolean isThere() throws IOException {
        try {
            return Objects.equals(keyOf(path), key);
        } catch (NoSuchFileException deleted) {
            return false;
        }
    }

    private static FileChannel open(Path file) {
        try {
            return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE,
                    LinkOption.NOFOLLOW_LINKS);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** The lock, or null while another has it. */
    @Nullable FileLock tryLock() throws IOException {
        try {
            return channel.tryLock(LOCKED, 1, false);
        } catch (OverlappingFileLockException anotherOfThisJvm) {
            return null;
        }
    }

    /** What the last holder wrote; {@link Term#NONE} if it cannot be made out. */
    Term read() throws IOException {
        ByteBuffer content = ByteBuffer.allocate(LONGEST);
        while (content.hasRemaining() && channel.read(content, content.position()) >= 0) {
            // Until the end of the file.
        }
        return Term.of(new String(content.array(), 0, content.position(), StandardCharsets.UTF_8));
    }

    /** Only for the holder of the lock. */
    void write(Term term) throws IOException {
        ByteBuffer content = ByteBuffer.wrap(term.text().getBytes(StandardCharsets.UTF_8));
        channel.write(content, 0);
        channel.truncate(content.limit());
    }

    /** One holder's time. */
    static final class Term {
        static final Term NONE = new Term(-1, 0, "", "");

        final long number;
        final long token;
        /** Empty once released. */
        final String identity;
        final String instanceName;

        private Term(long number, long token, String identity, String instanceName) {
            this.number = number;
            this.token = token;
            this.identity = identity;
            this.instanceName = instanceName;
        }

        /** The token grows even if the file was deleted in between, as far as the clock does. */
        Term next(long nowNanos, String nextIdentity, String nextInstanceName) {
            return new Term(number + 1, Math.max(token + 1, nowNanos), nextIdentity, nextInstanceName);
        }

        Term released() {
            return new Term(number, token, "", "");
        }

        private String text() {
            return number + "\n" + token + "\n" + identity + "\n" + instanceName + "\n";
        }

        private static Term of(String text) {
            String[] lines = text.split("\n", -1);
            try {
                return lines.length < 5 ? NONE : new Term(Long.parseLong(lines[0]), Long.parseLong(lines[1]), lines[2], lines[3]);
            } catch (NumberFormatException notOurs) {
                return NONE;
            }
        }
    }
}
