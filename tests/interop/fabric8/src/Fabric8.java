import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElector;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;

/**
 * A contender that elects with fabric8's LeaderElector, releasing on cancel, and says what it answers.
 *
 * <p>fabric8 has no method that says whether one leads: its users keep a boolean that the callbacks set, and so does
 * this. An elector ends when leadership is lost; the next one then begins, as with a process that is started anew.
 */
final class Fabric8 {

    private final KubernetesClient client = new KubernetesClientBuilder().build();
    private volatile boolean leads;
    private volatile boolean stopping;
    private volatile CompletableFuture<?> election;

    public static void main(String[] args) throws InterruptedException {
        Fabric8 contender = new Fabric8();
        Answers answers = new Answers(() -> contender.leads);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                answers.release();
            } catch (IOException nobodyReads) {
                say("standard output cannot be written: " + nobodyReads);
            }
            contender.stop();
            answers.close();
        }));
        contender.elect();
    }

    private void elect() throws InterruptedException {
        for (int number = 1; !stopping; number++) {
            String identity = required("ELECTION_IDENTITY") + "_" + number;
            LeaderElector elector = client.leaderElector().withConfig(config(identity)).build();
            CompletableFuture<?> started = elector.start();
            election = started;
            if (stopping) {
                started.cancel(true);
            }
            try {
                started.join();
                say("the election of " + identity + " ended");
            } catch (CancellationException e) {
                say("the election of " + identity + " was cancelled");
            } catch (RuntimeException e) {
                say("the election of " + identity + " ended: " + e);
            }
        }
        // The JVM is being ended: its exit is not held up by this thread, nor hurried.
        Thread.currentThread().join();
    }

    /** Cancelling releases, in this thread. */
    private void stop() {
        stopping = true;
        CompletableFuture<?> started = election;
        if (started != null) {
            started.cancel(true);
        }
    }

    private LeaderElectionConfig config(String identity) {
        return new LeaderElectionConfig(
                new LeaseLock(required("ELECTION_NAMESPACE"), required("ELECTION_NAME"), identity),
                millis("LEASE_DURATION_MS"),
                millis("RENEW_DEADLINE_MS"),
                millis("RETRY_PERIOD_MS"),
                new LeaderCallbacks(
                        () -> {
                            leads = true;
                            say("started leading as " + identity);
                        },
                        () -> {
                            leads = false;
                            say("stopped leading as " + identity);
                        },
                        holder -> say("held by \"" + holder + '"')),
                true,
                required("ELECTION_NAME"));
    }

    private static Duration millis(String variable) {
        return Duration.ofMillis(Long.parseLong(required(variable)));
    }

    private static String required(String variable) {
        return Objects.requireNonNull(System.getenv(variable), () -> variable + " must be set");
    }

    private static void say(String what) {
        System.err.println(what);
    }
}
