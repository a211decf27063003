package io.clusterleader;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;

/** What is logged meanwhile, and only here; {@link #close} restores the logger. */
final class LogLines extends Handler implements AutoCloseable {
    private final List<LogRecord> records = new CopyOnWriteArrayList<>();
    private final Consumer<LogRecord> also;

    private LogLines(Level level, Consumer<LogRecord> also) {
        this.also = also;
        setLevel(Level.ALL);
        NativeLog.LOGGER.setLevel(level);
        NativeLog.LOGGER.setUseParentHandlers(false);
        NativeLog.LOGGER.addHandler(this);
    }

    static LogLines record(Level level) {
        return new LogLines(level, record -> {});
    }

    /** With a handler that also does this with each line. */
    static LogLines record(Consumer<LogRecord> also) {
        return new LogLines(null, also);
    }

    @Override
    public void publish(LogRecord record) {
        records.add(record);
        also.accept(record);
    }

    boolean contain(Level level, String part) {
        return records.stream().anyMatch(record -> record.getLevel().equals(level) && record.getMessage().contains(part));
    }

    long count(String part) {
        return records.stream().filter(record -> record.getMessage().contains(part)).count();
    }

    @Override
    public String toString() {
        return records.stream().map(record -> record.getLevel() + " " + record.getMessage()).toList().toString();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        NativeLog.LOGGER.removeHandler(this);
        NativeLog.LOGGER.setUseParentHandlers(true);
        NativeLog.LOGGER.setLevel(null);
    }
}
