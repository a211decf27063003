package io.clusterleader.spring.lifecycle;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** An application that says on standard output what runs when, and does what standard input says. */
@SpringBootConfiguration
@EnableAutoConfiguration
@EnableScheduling
@Import({Worker.Jobs.class, Worker.Web.class})
public class Worker {
    public static void main(String[] arguments) throws IOException {
        ConfigurableApplicationContext application = SpringApplication.run(Worker.class, arguments);
        say("port " + application.getEnvironment().getProperty("local.server.port"));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String command = commands.readLine(); command != null; command = commands.readLine()) {
            switch (command) {
                case "answer" -> Web.ANSWER.countDown();
                case "close" -> new Thread(application::close).start();
                case "exit" -> new Thread(() -> System.exit(0)).start();
                default -> application.getBean(Jobs.class).asked.set(command);
            }
        }
    }

    private static void say(String line) {
        System.out.println(line);
    }

    /** System.nanoTime() is one clock for all processes of a machine. */
    private static void sayNow(String what) {
        say(what + " " + System.nanoTime());
    }

    /** Guarded by the property alone. */
    static class Jobs implements ApplicationListener<ContextClosedEvent>, DisposableBean {
        private final AtomicReference<String> asked = new AtomicReference<>("");
        private final CountDownLatch closing = new CountDownLatch(1);
        private final ConfigurableApplicationContext application;

        Jobs(ConfigurableApplicationContext application) {
            this.application = application;
        }

        @Scheduled(fixedDelay = 10)
        void tick() {
            sayNow("begin tick");
            sayNow("end tick");
        }

        @Scheduled(fixedDelay = 10)
        void whatIsAsked() throws InterruptedException {
            String job = asked.getAndSet("");
            if (job.isEmpty()) {
                return;
            }
            sayNow("begin " + job);
            switch (job) {
                case "long" -> endAWhileAfterItWasTold();
                case "stubborn" -> neverEnd();
                case "closing" -> application.close();
                case "exiting" -> System.exit(0);
                default -> throw new IllegalArgumentException(job);
            }
            sayNow("end " + job);
        }

        private void endAWhileAfterItWasTold() {
            try {
                closing.await();
                Thread.sleep(700);
            } catch (InterruptedException interrupted) {
                say("interrupted");
            }
        }

        private static void neverEnd() {
            long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(3);
            while (System.nanoTime() - end < 0) {
                Thread.interrupted();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
                sayNow("beat");
            }
        }

        @Override
        public void onApplicationEvent(ContextClosedEvent event) {
            closing.countDown();
        }

        @Override
        public void destroy() {
            sayNow("destroyed");
        }
    }

    @RestController
    static class Web {
        private static final CountDownLatch ANSWER = new CountDownLatch(1);

        @GetMapping("/slow")
        String slow() throws InterruptedException {
            say("request");
            return ANSWER.await(3, TimeUnit.MINUTES) ? "answer" : "none";
        }
    }
}
