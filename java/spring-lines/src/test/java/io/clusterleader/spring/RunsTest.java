package io.clusterleader.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RunsTest {
    private static final int ROUNDS = 300;

    private final LeaderOnlyJob job = new LeaderOnlyJob("job", null, Rule.UNSAID, DeliveryRule.UNSAID);
    private final Runs runs = new Runs();
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicBoolean done = new AtomicBoolean();

    @Test
    void g7_whoClosesAndWaitsSeesTheEndOfAllThatBegan() throws InterruptedException, ExecutionException {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> beginners = Stream.<Runnable>generate(() -> this::beginAgainAndAgain).limit(4).<Future<?>>map(threads::submit).toList();
            for (int round = 0; round < ROUNDS; round++) {
                while (underWay.get() == 0) {
                    Thread.yield();
                }
                runs.close();
                assertThat(runs.awaitAll()).isTrue();
                for (int look = 0; look < 100; look++) {
                    assertThat(underWay).hasValue(0);
                }
                runs.reopen();
            }
            done.set(true);
            for (Future<?> beginner : beginners) {
                beginner.get();
            }
        } finally {
            done.set(true);
            threads.shutdown();
        }
    }

    @Test
    void whatIsOverIsNotInterrupted() {
        Run run = runs.begin(job);
        run.interrupt();
        assertThat(Thread.interrupted()).isTrue();
        runs.end(run);
        run.interrupt();
        assertThat(Thread.interrupted()).isFalse();
    }

    /** Each run begins another within it, which outlasts it. */
    private void beginAgainAndAgain() {
        while (!done.get()) {
            Run outer = runs.begin(job);
            if (outer == null) {
                Thread.yield();
                continue;
            }
            underWay.incrementAndGet();
            Run inner = outer.within(() -> runs.begin(job));
            assertThat(inner).as("what belongs to work that is under way").isNotNull();
            runs.end(outer);
            Thread.yield();
            underWay.decrementAndGet();
            runs.end(inner);
        }
    }
}
