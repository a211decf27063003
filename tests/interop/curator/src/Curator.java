import java.util.Objects;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.retry.ExponentialBackoffRetry;

/** A contender that elects with Curator's LeaderLatch, and says what {@code hasLeadership()} answers. */
final class Curator {

    public static void main(String[] args) throws Exception {
        String sessionTimeout = required("SESSION_TIMEOUT_MS");
        String connectionTimeout = System.getenv().getOrDefault("CONNECTION_TIMEOUT_MS", sessionTimeout);
        CuratorFramework client = CuratorFrameworkFactory.newClient(
                required("ZOOKEEPER_CONNECT"),
                Integer.parseInt(sessionTimeout),
                Integer.parseInt(connectionTimeout),
                new ExponentialBackoffRetry(100, 29, 1000));
        String path = "/" + required("ELECTION_NAMESPACE") + "/" + required("ELECTION_NAME");
        LeaderLatch latch = new LeaderLatch(client, path, required("ELECTION_IDENTITY"));
        latch.addListener(new LeaderLatchListener() {
            @Override
            public void isLeader() {
                System.err.println("started leading");
            }

            @Override
            public void notLeader() {
                System.err.println("stopped leading");
            }
        });
        Answers answers = new Answers(latch::hasLeadership);
        client.start();
        latch.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                answers.release();
                latch.close();
            } catch (Exception e) {
                System.err.println("the latch was not closed: " + e);
            }
            client.close();
            answers.close();
        }));
        Thread.currentThread().join();
    }

    private static String required(String variable) {
        return Objects.requireNonNull(System.getenv(variable), () -> variable + " must be set");
    }
}
