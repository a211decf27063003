import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;

/**
 * Asks about every millisecond (ANSWERS_INTERVAL_MS) whether this process leads, and writes runs of equal answers to
 * standard output, with nanoseconds of CLOCK_BOOTTIME:
 *
 * <pre>answers &lt;first before&gt; &lt;first after&gt; &lt;last before&gt; &lt;last after&gt; yes|no &lt;count&gt;</pre>
 *
 * and <pre>release &lt;when&gt;</pre> before it is asked to give up leadership.
 *
 * Java reads CLOCK_MONOTONIC only; what is between the two clocks is taken from ANSWERS_BOOTTIME_OFFSET_NS.
 */
final class Answers implements AutoCloseable {

    private static final long INTERVAL_MILLIS =
            Long.parseLong(System.getenv().getOrDefault("ANSWERS_INTERVAL_MS", "1"));

    /** Two answers further apart are not of one run: the process was paused between them. */
    private static final long PAUSE_NANOS = 20_000_000;

    /** A run is written when it is this old, so that a SIGKILL loses little. */
    private static final long LONGEST_NANOS = 200_000_000;

    private final BooleanSupplier leads;
    private final long offset = Long.parseLong(System.getenv().getOrDefault("ANSWERS_BOOTTIME_OFFSET_NS", "0"));
    private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    private final Thread reader = new Thread(this::ask, "answers");
    private volatile boolean ended;

    private long firstBefore;
    private long firstAfter;
    private long lastBefore;
    private long lastAfter;
    private boolean lastYes;
    private long count;

    /** Begins to ask. */
    Answers(BooleanSupplier leads) {
        this.leads = leads;
        reader.setDaemon(true);
        reader.start();
    }

    /** Says that leadership is given up now. */
    void release() throws IOException {
        say("release " + boottime());
    }

    /** Asks no more; what was answered has been written. */
    @Override
    public void close() {
        ended = true;
        try {
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void ask() {
        try {
            while (!ended) {
                long before = boottime();
                boolean yes = leads.getAsBoolean();
                long after = boottime();
                add(before, yes, after);
                Thread.sleep(INTERVAL_MILLIS);
            }
            write();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        } catch (IOException e) {
            throw new UncheckedIOException("standard output cannot be written", e);
        }
    }

    private void add(long before, boolean yes, long after) throws IOException {
        // An answer within which the process was paused begins a run, too.
        boolean ofThisRun =
                yes == lastYes && after - lastAfter <= PAUSE_NANOS && after - firstBefore < LONGEST_NANOS;
        if (!ofThisRun) {
            write();
            count = 0;
        }
        if (count == 0) {
            firstBefore = before;
            firstAfter = after;
        }
        lastBefore = before;
        lastAfter = after;
        lastYes = yes;
        count++;
    }

    private void write() throws IOException {
        if (count > 0) {
            say("answers " + firstBefore + ' ' + firstAfter + ' ' + lastBefore + ' ' + lastAfter + ' '
                    + (lastYes ? "yes" : "no") + ' ' + count);
        }
    }

    private void say(String line) throws IOException {
        out.write((line + '\n').getBytes(StandardCharsets.US_ASCII));
    }

    private long boottime() {
        return System.nanoTime() + offset;
    }
}
