package io.clusterleader;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.LogRecord;
import java.util.logging.StreamHandler;

/**
 * A program that stands in the election of its process, configured by properties and the environment. It
 * says on standard output what it is answered and told, and does what standard input says.
 */
final class Candidate {
    private Candidate() {}

    public static void main(String[] arguments) throws IOException {
        say("first answer " + ClusterLeader.isThisInstanceLeader());
        DaemonThread.named("asker", Candidate::ask).start();
        ClusterLeader.thisInstance().addListener(new Teller());
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String command = commands.readLine(); command != null; command = commands.readLine()) {
            switch (command) {
                case "status" -> say("status " + ClusterLeader.thisInstance().status());
                case "step down" -> ClusterLeader.thisInstance().stepDown();
                case "close" -> ClusterLeader.thisInstance().close();
                case "exit" -> System.exit(0);
                case "halt" -> Runtime.getRuntime().halt(0);
                case "return" -> {
                    return;
                }
                case "throw" -> throw new IllegalStateException("on purpose");
                case "hang and exit" -> {
                    hangEverywhere();
                    System.exit(0);
                }
                default -> throw new IllegalArgumentException(command);
            }
            say("done " + command);
        }
    }

    /** A listener, a log handler and a health check that never return, and a thread within {@code await}. */
    private static void hangEverywhere() {
        CountDownLatch hanging = new CountDownLatch(4);
        Runnable hang = () -> {
            hanging.countDown();
            LockSupport.park();
        };
        DaemonThread.named("waiting", () -> {
            hanging.countDown();
            try (ClusterLeader other = ClusterLeader.join(Election.named("waits").waitUntilReady(true))) {
                other.await(Duration.ofDays(1));
            } catch (InterruptedException impossible) {
                throw new IllegalStateException(impossible);
            }
        }).start();
        ClusterLeader.join(Election.named("hangs").healthCheck(() -> {
            hang.run();
            return true;
        }));
        ClusterLeader.thisInstance().addListener(new LeadershipListener() {
            @Override
            public void onAcquired(long token, long term) {
                hang.run();
            }
        });
        NativeLog.LOGGER.addHandler(new StreamHandler() {
            @Override
            public void publish(LogRecord record) {
                hang.run();
            }
        });
        ClusterLeader.join("is-logged");
        Await.uninterruptibly(hanging);
    }

    private static void ask() {
        boolean before = false;
        while (true) {
            boolean now = ClusterLeader.isThisInstanceLeader();
            if (now != before) {
                say(now ? "leads" : "follows");
                before = now;
            }
            Thread.onSpinWait();
            Thread.yield();
        }
    }

    private static synchronized void say(String line) {
        System.out.println(line);
    }

    private static final class Teller implements LeadershipListener {
        @Override
        public void onAcquired(long token, long term) {
            say("acquired " + token);
        }

        @Override
        public void onLost(long token, LostReason reason) {
            say("lost " + token + " " + reason);
        }

        @Override
        public void onLeaderChanged(Optional<String> leader) {
            say("leader " + leader.orElse("nobody"));
        }
    }
}
