package io.clusterleader;

import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Hands the native library's log lines to {@code java.util.logging}. */
final class NativeLog {
    static final Logger LOGGER = Logger.getLogger("io.clusterleader");

    private static final Doorbell LINES = new Doorbell(DaemonThread.executor("cluster-leader-log"), NativeLog::takeAll);

    private NativeLog() {}

    /** Returns at once: a log handler may block. */
    static void forward() {
        LINES.ring();
    }

    private static void takeAll() {
        for (String line = Native.takeLog(); line != null; line = Native.takeLog()) {
            LOGGER.log(record(line));
        }
    }

    /** From {@code LEVEL\tmessage}. */
    static LogRecord record(String line) {
        int tab = line.indexOf('\t');
        LogRecord record = new LogRecord(level(line.substring(0, Math.max(0, tab))), line.substring(tab + 1));
        record.setLoggerName(LOGGER.getName());
        // Else the formatter walks the stack to find a Java class that said it.
        record.setSourceClassName(null);
        return record;
    }

    private static Level level(String name) {
        switch (name) {
            case "ERROR":
                return Level.SEVERE;
            case "WARN":
                return Level.WARNING;
            case "DEBUG":
                return Level.FINE;
            default:
                return Level.INFO;
        }
    }
}
