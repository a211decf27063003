package io.clusterleader.spring.lifecycle;

import io.clusterleader.ClusterLeader;
import io.clusterleader.Election;
import io.clusterleader.spring.Elections;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

/** An application within this JVM, whose lease is so long that another leads in a test only where it is given back. */
final class Application {
    static final Duration BOUND = Duration.ofSeconds(30);
    private static final Duration LEASE = Duration.ofMinutes(10);

    private final Path directory;
    private final String election;

    /** Below target, and left there: files of elections may still go and come when a test has ended. */
    static Path newDirectory() throws IOException {
        return Files.createTempDirectory(Files.createDirectories(Path.of("target", "lifecycle").toAbsolutePath()), "");
    }

    Application(Path directory, String election) {
        this.directory = directory;
        this.election = election;
    }

    ConfigurableApplicationContext start(List<Class<?>> classes, String... properties) {
        return run(builder(classes, properties));
    }

    ConfigurableApplicationContext startLeading(List<Class<?>> classes, String... properties) throws InterruptedException {
        ConfigurableApplicationContext context = start(classes, properties);
        leading(context);
        return context;
    }

    /** Over the property of the same name that this JVM has. */
    ConfigurableApplicationContext run(SpringApplicationBuilder builder, String... arguments) {
        List<String> all = new ArrayList<>(List.of("--cluster-leader.store=file:" + directory));
        all.addAll(Arrays.asList(arguments));
        return builder.run(all.toArray(String[]::new));
    }

    SpringApplicationBuilder builder(List<Class<?>> classes, String... properties) {
        List<String> all = new ArrayList<>(List.of(
                "spring.application.name=" + election,
                "spring.main.banner-mode=off",
                "spring.task.scheduling.pool.size=2",
                "spring.lifecycle.timeout-per-shutdown-phase=1s", // Spring would wait for jobs that do not end.
                "cluster-leader.scheduled.leader-only=true",
                "cluster-leader.lease-duration=" + LEASE.toSeconds() + "s",
                "cluster-leader.renew-deadline=" + LEASE.dividedBy(2).toSeconds() + "s"));
        all.addAll(Arrays.asList(properties));
        return new SpringApplicationBuilder(Configuration.class)
                .sources(classes.toArray(Class<?>[]::new))
                .web(WebApplicationType.NONE)
                .properties(all.toArray(String[]::new));
    }

    /** Another candidate in its election. */
    ClusterLeader rival() {
        return ClusterLeader.join(Election.named(election).store("file:" + directory).instanceName("rival")
                .leaseDuration(LEASE).renewDeadline(LEASE.dividedBy(2)));
    }

    static ClusterLeader own(ConfigurableApplicationContext application) {
        return application.getBean(Elections.class).own().orElseThrow();
    }

    static ClusterLeader leading(ConfigurableApplicationContext application) throws InterruptedException {
        ClusterLeader own = own(application);
        if (!own.await(BOUND)) {
            throw new AssertionError("does not lead: " + own);
        }
        return own;
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @EnableScheduling
    static class Configuration {}

    /** A job that runs all the time, and does what a test says. */
    static class Job {
        final AtomicInteger runs = new AtomicInteger();
        volatile Work work = new Work(false);

        Job() {
            work.released.countDown();
        }

        @Scheduled(fixedDelay = 5)
        void run() {
            runs.incrementAndGet();
            work.run();
        }

        /** The next run, or the one after, is under way now. */
        Work holdOn(boolean stubborn) throws InterruptedException {
            Work held = new Work(stubborn);
            work = held;
            held.awaitBegin();
            return held;
        }
    }

    /** Goes on until it is released; or interrupted, if it is not stubborn. */
    static final class Work implements Runnable {
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);
        private final CountDownLatch interrupted = new CountDownLatch(1);
        private final boolean stubborn;
        private volatile boolean underWay;

        Work(boolean stubborn) {
            this.stubborn = stubborn;
        }

        @Override
        public void run() {
            underWay = true;
            begun.countDown();
            try {
                while (true) {
                    try {
                        released.await();
                        return;
                    } catch (InterruptedException stop) {
                        interrupted.countDown();
                        if (!stubborn) {
                            return;
                        }
                    }
                }
            } finally {
                underWay = false;
            }
        }

        void awaitBegin() throws InterruptedException {
            if (!begun.await(BOUND.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("does not begin");
            }
        }

        void release() {
            released.countDown();
        }

        boolean isUnderWay() {
            return underWay;
        }

        boolean isInterruptedWithin(Duration time) throws InterruptedException {
            return interrupted.await(time.toNanos(), TimeUnit.NANOSECONDS);
        }
    }
}
