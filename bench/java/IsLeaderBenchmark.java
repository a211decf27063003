import com.sun.management.ThreadMXBean;
import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * What {@code ClusterLeader.isThisInstanceLeader()} costs beside {@code System.nanoTime()}: as a follower,
 * then as the leader. The two are measured in turns, so that a busy machine slows down both.
 *
 * <p>{@code java -cp cluster-leader-VERSION.jar IsLeaderBenchmark.java}. The last line is JSON.
 */
public final class IsLeaderBenchmark {
    private static final int WARM_UP_ROUNDS = 10;
    private static final int ROUNDS = 31;
    private static final int CALLS = 1_000_000;

    /** Kept, so that no call can be left out. */
    private static volatile long result;

    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createTempDirectory("cluster-leader-bench-");
        System.setProperty("cluster-leader.store", "file:" + directory);
        System.setProperty("cluster-leader.election", "bench");
        StringBuilder json = new StringBuilder("{\"jvm\": \"" + Runtime.version() + "\", \"calls\": " + CALLS);
        try (ClusterLeader other = ClusterLeader.join(Election.named("bench"))) {
            while (!other.isLeader()) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
            expect(false);
            json.append(measure("follower"));
        }
        while (!ClusterLeader.isThisInstanceLeader()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        json.append(measure("leader"));
        expect(true);
        ClusterLeader.thisInstance().close();
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        }
        System.out.println(json.append("}"));
    }

    private static void expect(boolean answer) {
        if (ClusterLeader.isThisInstanceLeader() != answer) {
            throw new IllegalStateException("leads: " + !answer);
        }
    }

    private static String measure(String role) {
        for (int round = 0; round < WARM_UP_ROUNDS; round++) {
            nanosPerNanoTime();
            nanosPerIsLeader();
        }
        double[] nanoTime = new double[ROUNDS];
        double[] isLeader = new double[ROUNDS];
        double[] ratio = new double[ROUNDS];
        long allocated = allocatedBytes();
        for (int round = 0; round < ROUNDS; round++) {
            nanoTime[round] = nanosPerNanoTime();
            isLeader[round] = nanosPerIsLeader();
            ratio[round] = isLeader[round] / nanoTime[round];
        }
        allocated = allocatedBytes() - allocated;
        System.out.printf("As the %s, %d rounds of %,d calls:%n", role, ROUNDS, CALLS);
        String json = ", \"" + role + "\": {" + summary("nanoTime", "ns", nanoTime) + ", "
                + summary("isThisInstanceLeader", "ns", isLeader) + ", " + summary("ratio", "", ratio);
        System.out.printf("  %-22s %d bytes in %,d calls%n", "allocated", allocated, (long) ROUNDS * CALLS);
        return json + ", \"allocatedBytes\": " + allocated + "}";
    }

    private static double nanosPerNanoTime() {
        long sum = 0;
        long begin = System.nanoTime();
        for (int call = 0; call < CALLS; call++) {
            sum += System.nanoTime();
        }
        long time = System.nanoTime() - begin;
        result = sum;
        return (double) time / CALLS;
    }

    private static double nanosPerIsLeader() {
        long sum = 0;
        long begin = System.nanoTime();
        for (int call = 0; call < CALLS; call++) {
            sum += ClusterLeader.isThisInstanceLeader() ? 1 : 2;
        }
        long time = System.nanoTime() - begin;
        result = sum;
        return (double) time / CALLS;
    }

    private static String summary(String name, String unit, double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double min = sorted[0];
        double median = sorted[sorted.length / 2];
        double max = sorted[sorted.length - 1];
        System.out.printf(Locale.ROOT, "  %-22s median %6.2f %-2s (min %.2f, max %.2f)%n", name, median, unit, min, max);
        return String.format(Locale.ROOT, "\"%s\": {\"n\": %d, \"min\": %.2f, \"median\": %.2f, \"max\": %.2f}", name, values.length, min, median, max);
    }

    private static long allocatedBytes() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }
}
