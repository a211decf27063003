package io.clusterleader.ticks;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A job as it is written down: its schedule is what it is counted by. */
record Job(String name, Kind kind, Duration period) {
    static final Duration SECOND = Duration.ofSeconds(1);
    static final Duration FIVE_SECONDS = Duration.ofSeconds(5);
    static final Duration RATE = Duration.ofMillis(500);
    static final Duration DELAY = Duration.ofMillis(300);

    /** Of cron: each whole second, or each fifth, of the wall clock. */
    enum Kind {
        CRON,
        RATE,
        DELAY
    }

    /** All jobs, as a scheduler that knows all kinds of schedules runs them. */
    static List<Job> all() {
        return all(Kind.RATE, Kind.DELAY);
    }

    /** All jobs, as one runs them that has other kinds of schedules in place of a fixed rate and of a fixed delay. */
    static List<Job> all(Kind rate, Kind delay) {
        return Stream.of(
                        jobs(10, "cron", Kind.CRON, SECOND),
                        jobs(5, "rate", rate, RATE),
                        jobs(4, "delay", delay, DELAY),
                        Stream.of(new Job("long", Kind.CRON, FIVE_SECONDS)))
                .flatMap(jobs -> jobs)
                .toList();
    }

    private static Stream<Job> jobs(int count, String name, Kind kind, Duration period) {
        return IntStream.range(0, count).mapToObj(i -> new Job(name + "-" + i, kind, period));
    }

    String cron() {
        return period.equals(SECOND) ? "* * * * * *" : "*/5 * * * * *";
    }

    boolean isLong() {
        return name.equals("long");
    }
}
