package io.clusterleader.spring.observability;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.ThrowingConsumer;

/** Waits for what will be so. */
final class Eventually {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Eventually() {}

    /** Asks until the answer is as asserted; fails as the last assertion did. */
    static <T> T eventually(Callable<T> question, ThrowingConsumer<T> assertion) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            T answer = question.call();
            try {
                assertion.accept(answer);
                return answer;
            } catch (AssertionError notYet) {
                if (System.nanoTime() > end) {
                    throw notYet;
                }
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
        }
    }
}
