import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * What reader.c does, in a JVM through the jar: asks all the time whether it leads and writes the record
 * of its answers. SIGTERM closes the election from a shutdown hook, while it goes on asking.
 */
public final class Reader {
    private static final long MILLISECOND = 1_000_000;
    private static final long HELD_UP = 20 * MILLISECOND;
    private static final long LONGEST_RUN = 200 * MILLISECOND;
    private static final int QUESTIONS_AT_ONCE = 20;
    private static final long INTERVAL =
            MILLISECOND * Long.parseLong(System.getenv().getOrDefault("ANSWERS_INTERVAL_MS", "1"));

    /** From CLOCK_MONOTONIC, which System.nanoTime() is, to CLOCK_BOOTTIME. */
    private static final long TO_BOOTTIME = number("ANSWERS_BOOTTIME_OFFSET_NS");

    private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);

    private static volatile boolean stopped;

    private final ClusterLeader election;
    private long firstBefore;
    private long firstAfter;
    private long lastBefore;
    private long lastAfter;
    private boolean yes;
    private long count;

    private Reader(ClusterLeader election) {
        this.election = election;
    }

    public static void main(String[] arguments) throws Exception {
        ClusterLeader election = ClusterLeader.join(Election.named(System.getenv("ELECTION_NAME"))
                .namespace(System.getenv("ELECTION_NAMESPACE"))
                .instanceName(System.getenv("ELECTION_IDENTITY"))
                .store("kubernetes")
                .leaseDuration(Duration.ofMillis(number("LEASE_DURATION_MS")))
                .renewDeadline(Duration.ofMillis(number("RENEW_DEADLINE_MS")))
                .retryPeriod(Duration.ofMillis(number("RETRY_PERIOD_MS"))));
        Reader reader = new Reader(election);
        Thread asking = new Thread(reader::askUntilStopped, "reader");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            say("release " + boottime());
            election.close();
            stopped = true;
            try {
                asking.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        asking.start();
    }

    private void askUntilStopped() {
        for (boolean lastRound = false; !lastRound;) {
            lastRound = stopped;
            for (int i = 0; i < QUESTIONS_AT_ONCE; i++) {
                ask();
            }
            LockSupport.parkNanos(INTERVAL);
        }
        endRun();
    }

    private void ask() {
        long before = boottime();
        boolean answer = election.isLeader();
        long after = boottime();
        boolean changed = count > 0 && answer != yes;
        if (changed || before - lastAfter > HELD_UP || after - firstBefore > LONGEST_RUN) {
            endRun();
            if (changed && answer) {
                sayTerm();
            }
        }
        if (count == 0) {
            yes = answer;
            firstBefore = before;
            firstAfter = after;
        }
        lastBefore = before;
        lastAfter = after;
        count++;
    }

    private void endRun() {
        if (count > 0) {
            say("answers " + firstBefore + " " + firstAfter + " " + lastBefore + " " + lastAfter
                    + (yes ? " yes " : " no ") + count);
        }
        count = 0;
    }

    private void sayTerm() {
        long token = election.fencingToken().orElse(0);
        if (token > 0) {
            say("acquired " + token + " " + election.term().orElse(-1));
        }
    }

    private static long boottime() {
        return System.nanoTime() + TO_BOOTTIME;
    }

    private static void say(String line) {
        try {
            OUT.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
        } catch (IOException nobodyReads) {
            Runtime.getRuntime().halt(1);
        }
    }

    private static long number(String variable) {
        return Long.parseLong(System.getenv(variable));
    }
}
