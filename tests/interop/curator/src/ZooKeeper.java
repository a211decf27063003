import java.io.File;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;

/**
 * A ZooKeeper server of one, on loopback. It says {@code listening 127.0.0.1:PORT} when it is ready.
 *
 * <p>ZOOKEEPER_PORT: 0, the default, means any. ZOOKEEPER_DATA_DIR: the working directory if it is not set.
 */
final class ZooKeeper {

    /** ZooKeeper expires sessions at whole multiples of it. */
    private static final int TICK_MILLIS = 200;

    public static void main(String[] args) throws Exception {
        File directory = Path.of(System.getenv().getOrDefault("ZOOKEEPER_DATA_DIR", "")).toAbsolutePath().toFile();
        int port = Integer.parseInt(System.getenv().getOrDefault("ZOOKEEPER_PORT", "0"));
        ZooKeeperServer server = new ZooKeeperServer(directory, directory, TICK_MILLIS);
        // Whatever session timeout a contender asks for, it gets.
        server.setMinSessionTimeout(2 * TICK_MILLIS);
        server.setMaxSessionTimeout(120_000);
        ServerCnxnFactory connections = new NIOServerCnxnFactory();
        InetAddress loopback = InetAddress.getLoopbackAddress();
        connections.configure(new InetSocketAddress(loopback, port), 0);
        connections.startup(server);
        System.out.println("listening " + loopback.getHostAddress() + ":" + connections.getLocalPort());
        connections.join();
    }
}
