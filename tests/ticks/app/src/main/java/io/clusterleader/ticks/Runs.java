package io.clusterleader.ticks;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/**
 * Runs jobs, and writes each run down: {@code start JOB NUMBER SHARED WALL} and {@code end JOB NUMBER SHARED WALL}, where
 * SHARED is CLOCK_MONOTONIC, the same for all processes of the host, and WALL what the scheduler takes the time to be, both
 * in nanoseconds. A line is one write: what is killed has left all that it did.
 */
@Component
class Runs {
    private final FileOutputStream record;
    private final Clock clock;
    private final AtomicLong number = new AtomicLong();

    Runs(@Value("${ticks.record}") String record, Clock clock) throws IOException {
        this.record = new FileOutputStream(record, true);
        this.clock = clock;
    }

    /** Says by which schedule the runs of a job are counted. */
    void declare(Job job) {
        write("job " + job.name() + " " + job.kind().name().toLowerCase() + " " + job.period().toMillis());
    }

    /** Does what the job does: next to nothing, or three seconds. */
    void run(String job) {
        long run = number.incrementAndGet();
        write("start", job, run);
        try {
            Thread.sleep(job.equals("long") ? 3000 : ThreadLocalRandom.current().nextInt(21));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            write("end", job, run);
        }
    }

    private void write(String what, String job, long run) {
        long shared = System.nanoTime();
        Instant now = clock.instant();
        long wall = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        write(what + " " + job + " " + run + " " + shared + " " + wall);
    }

    private void write(String line) {
        try {
            record.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
