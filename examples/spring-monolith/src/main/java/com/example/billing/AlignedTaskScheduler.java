package com.example.billing;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledFuture;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * Lets a {@code fixedRate} of, say, five seconds tick at :00, :05, :10 on every replica.
 *
 * <p>By itself a fixed rate counts from the start of its own process, so that at a hand-over of leadership
 * the pause between two runs would be anything from nothing to two periods. It makes a tick one thing, of
 * which one can count whether it was run, missed or doubled. Electing a leader works without it.
 */
class AlignedTaskScheduler extends ThreadPoolTaskScheduler {
    private static final long serialVersionUID = 1L;

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, Duration period) {
        return scheduleAtFixedRate(task, getClock().instant(), period);
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, Instant startTime, Duration period) {
        return super.scheduleAtFixedRate(task, nextTick(startTime, period), period);
    }

    static Instant nextTick(Instant earliest, Duration period) {
        long millis = period.toMillis();
        return Instant.ofEpochMilli((earliest.toEpochMilli() + millis - 1) / millis * millis);
    }
}
