package io.clusterleader.spring.observability;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowingConsumer;

/** Waits for what will be so. */
final class Eventually {
    private Eventually() {}

    /** Asks until the answer is as asserted, and returns it; fails as the last assertion did. */
    static <T> T eventually(Callable<T> question, ThrowingConsumer<T> assertion) {
        AtomicReference<T> answer = new AtomicReference<>();
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
            answer.set(question.call());
            assertion.acceptThrows(answer.get());
        });
        return answer.get();
    }
}
