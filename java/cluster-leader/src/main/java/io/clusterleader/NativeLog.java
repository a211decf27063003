package io.clusterleader;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.ErrorManager;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Hands log lines, the native library's and our own, to {@code java.util.logging}: on a thread of its own,
 * as a log handler may block, and may throw.
 */
final class NativeLog {
    static final Logger LOGGER = Logger.getLogger("io.clusterleader");

    /** The native library's names for levels, and Java's, from severe to fine. */
    private static final String[] NATIVE_LEVELS = {"ERROR", "WARN", "INFO", "DEBUG"};
    private static final Level[] LEVELS = {Level.SEVERE, Level.WARNING, Level.INFO, Level.FINE};

    private static final int MOST_LINES = 1_000;
    /** What this side has to say. The native library keeps what that side has. */
    private static final BlockingQueue<LogRecord> OURS = new LinkedBlockingQueue<>(MOST_LINES);
    private static final AtomicLong LOST = new AtomicLong();
    /** Tells standard error of the first failure of a handler, as handlers themselves do. */
    private static final ErrorManager FAILURES = new ErrorManager();

    private static final Doorbell LINES = new Doorbell(DaemonThread.executor("cluster-leader-log"), NativeLog::takeAll);

    private static volatile @Nullable String levelTold;

    private NativeLog() {}

    /** Tells the native library which lines are wanted, so that it makes no others. */
    static void tellLevel() {
        String wanted = "OFF";
        for (int at = 0; at < LEVELS.length && LOGGER.isLoggable(LEVELS[at]); at++) {
            wanted = NATIVE_LEVELS[at];
        }
        if (!wanted.equals(levelTold)) {
            Native.setLogLevel(wanted);
            levelTold = wanted;
        }
    }

    /** Has the native library's lines logged. Returns at once. */
    static void forward() {
        LINES.ring();
    }

    /** Has a line of ours logged. Returns at once, and never throws: what goes wrong elsewhere gets no worse. */
    static void log(Level level, String message, @Nullable Throwable thrown) {
        try {
            LogRecord record = record(level, message);
            record.setThrown(thrown);
            while (!OURS.offer(record)) {
                OURS.poll();
                LOST.incrementAndGet();
            }
            LINES.ring();
        } catch (Throwable noMemory) {
            // For a line that was kept, the next ring is as good. Of any other nobody can be told.
        }
    }

    private static void takeAll() {
        long lost = LOST.getAndSet(0);
        if (lost > 0) {
            publish(record(Level.WARNING, lost + " older log lines were lost, because the log handlers took too long"));
        }
        for (LogRecord record = OURS.poll(); record != null; record = OURS.poll()) {
            publish(record);
        }
        for (String line = nextLine(); line != null; line = nextLine()) {
            publish(record(line));
        }
    }

    private static @Nullable String nextLine() {
        return NativeLibrary.isLoaded() ? Native.takeLog() : null;
    }

    private static void publish(LogRecord record) {
        try {
            LOGGER.log(record);
        } catch (Throwable failure) { // A handler's failure takes no other line with it.
            FAILURES.error("A log handler failed on: " + record.getMessage(), new Exception(failure), ErrorManager.WRITE_FAILURE);
        }
    }

    /** From {@code LEVEL\tmessage}. */
    static LogRecord record(String line) {
        int tab = line.indexOf('\t');
        return record(level(line.substring(0, Math.max(0, tab))), line.substring(tab + 1));
    }

    private static LogRecord record(Level level, String message) {
        LogRecord record = new LogRecord(level, message);
        record.setLoggerName(LOGGER.getName());
        // Else the formatter walks the stack to find a Java class that said it.
        record.setSourceClassName(null);
        return record;
    }

    private static Level level(String name) {
        for (int at = 0; at < LEVELS.length; at++) {
            if (NATIVE_LEVELS[at].equals(name)) {
                return LEVELS[at];
            }
        }
        return Level.INFO;
    }
}
