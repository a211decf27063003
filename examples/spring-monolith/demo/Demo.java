import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Three replicas of the example, in a process each. Kills the leader, later stops the next one, and shows
 * who leads and what runs where. Run it with {@code java Demo.java JAR}.
 *
 * <p>Its exit code is 0 if never two led and always somebody took over.
 */
public final class Demo {
    /** Far more than three JVMs need to start, even on a machine that builds something else beside. */
    private static final Duration START = Duration.ofMinutes(3);

    /** Far more than a take-over needs: the lease duration is 15 s. */
    private static final Duration TAKE_OVER = Duration.ofSeconds(25);

    private final Path directory;
    private final Path jar;
    private final Screen screen = new Screen();
    private final List<Node> nodes = new ArrayList<>();
    /** The names of those that came to lead, in this order. */
    private final List<String> leaders = new ArrayList<>();
    private String databaseUrl;

    private Demo(Path directory, Path jar) {
        this.directory = directory;
        this.jar = jar;
    }

    public static void main(String[] arguments) throws Exception {
        Path jar = Path.of(arguments.length == 1 ? arguments[0] : "");
        if (arguments.length != 1 || !Files.isRegularFile(jar)) {
            System.err.println(arguments.length == 1
                    ? "demo: " + jar + " is missing: run make example first"
                    : "usage: java Demo.java spring-monolith-VERSION.jar");
            System.exit(2);
        }
        Path directory = Files.createTempDirectory("cluster-leader-demo-");
        Demo demo = new Demo(directory, jar.toAbsolutePath());
        // On Ctrl-C too.
        Runtime.getRuntime().addShutdownHook(new Thread(demo::cleanUp));
        int exitCode = 1;
        try {
            demo.run();
            exitCode = 0;
        } catch (Failure failure) {
            System.err.println("demo: " + failure.getMessage());
        }
        System.exit(exitCode);
    }

    private void run() throws Exception {
        try (Database database = new Database(jar, directory)) {
            databaseUrl = database.url;
            screen.say("Three JVMs of " + jar.getFileName() + ", an election in files, a database that counts. Starting ...");
            for (int number = 1; number <= 3; number++) {
                nodes.add(new Node("node-" + number));
                nodes.get(number - 1).start();
            }
            await(START, "all three have started and one of them leads", () -> nodes.stream().allMatch(node -> node.started) && leader() != null);
            watch(Duration.ofSeconds(6));

            // Between two ticks: a run that is cut short, or has just ended, the next leader runs once more (at least once).
            Thread.sleep((1_700 - System.currentTimeMillis() % 1_000) % 1_000);
            Node killed = leader();
            screen.say("kill -9 " + killed.name + ", the leader");
            double afterKill = replace(killed, "killed", () -> killed.process.destroyForcibly());
            killed.start();
            screen.say("restarted " + killed.name);
            await(START, killed.name + " has started", () -> killed.started);
            watch(Duration.ofSeconds(4));

            Node stopped = leader();
            screen.say("SIGTERM to " + stopped.name + ", the leader");
            double afterTerm = replace(stopped, "ends", () -> stopped.process.destroy());
            watch(Duration.ofSeconds(5));

            nodes.forEach(node -> node.process.destroy());
            for (Node node : nodes) {
                node.process.waitFor(TAKE_OVER.toSeconds(), TimeUnit.SECONDS);
            }
            screen.end();
            report(database, afterKill, afterTerm);
        }
    }

    /** Ends a leader, and waits for the next one. */
    private double replace(Node leader, String state, Runnable end) throws InterruptedException {
        int before = leaderCount();
        leader.state = state;
        long signalled = System.nanoTime();
        leader.mayEnd = true;
        end.run();
        await(TAKE_OVER, "another node leads", () -> leaderCount() > before);
        Node next = leader();
        double seconds = (next.leadsSince - signalled) / 1e9;
        screen.say(String.format(Locale.ROOT, "%s leads, %.2f s later", next.name, seconds));
        leader.process.waitFor(TAKE_OVER.toSeconds(), TimeUnit.SECONDS);
        leader.state = "ended";
        return seconds;
    }

    private void report(Database database, double afterKill, double afterTerm) throws SQLException {
        Ticks ticks = database.count();
        System.out.println("A tick is a job's planned instant: each second, every 2 s, every 5 s. Missed: no run of it, from the first tick");
        System.out.println("of a job to its last. Doubled: a second run of it. Counted from the rows that the jobs wrote.");
        System.out.printf(
                Locale.ROOT,
                "%d ticks run, %d missed, %d doubled; next leader %.2f s after kill -9, %.2f s after SIGTERM%n",
                ticks.run, ticks.missed, ticks.doubled, afterKill, afterTerm);
        if (!isSubsequence(ticks.instances, leaders)) {
            throw new Failure("two nodes led at a time: jobs ran on " + ticks.instances + ", but leadership went " + leaders);
        }
    }

    private static boolean isSubsequence(List<String> part, List<String> whole) {
        int found = 0;
        for (String each : whole) {
            if (found < part.size() && part.get(found).equals(each)) {
                found++;
            }
        }
        return found == part.size();
    }

    private synchronized Node leader() {
        return nodes.stream().filter(Node::leads).max(Comparator.comparingLong(node -> node.leadsSince)).orElse(null);
    }

    private synchronized int leaderCount() {
        return leaders.size();
    }

    private void watch(Duration time) throws InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() - end < 0) {
            look();
        }
        List<String> leading = nodes.stream().filter(Node::leads).map(node -> node.name).toList();
        if (leading.size() != 1) {
            throw new Failure("not one node leads, but " + leading);
        }
    }

    private void await(Duration bound, String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + bound.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new Failure("waited " + bound.toSeconds() + " s in vain until " + what);
            }
            look();
        }
    }

    private void look() throws InterruptedException {
        for (Node node : nodes) {
            if (!node.process.isAlive() && !node.mayEnd) {
                throw new Failure(node.name + " ended by itself:\n" + String.join("\n", node.lastLines));
            }
        }
        screen.show(nodes);
        Thread.sleep(20);
    }

    private void cleanUp() {
        List<Process> running = nodes.stream().map(node -> node.process).filter(Objects::nonNull).toList();
        running.forEach(Process::destroyForcibly);
        running.forEach(process -> process.onExit().join());
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        } catch (IOException failure) {
            System.err.println("demo: " + directory + " is left: " + failure);
        }
    }

    /** What stops the demo. */
    private static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private Failure(String message) {
            super(message);
        }
    }

    /** A replica. */
    private final class Node {
        private final String name;
        private final List<String> lastLines = new ArrayList<>();
        private Process process;
        private volatile boolean mayEnd;
        private volatile boolean started;
        private volatile String state = "";
        private volatile long leadsSince;
        private volatile int runs;
        private volatile int skips;

        private Node(String name) {
            this.name = name;
        }

        private void start() throws IOException {
            mayEnd = false;
            started = false;
            state = "starts";
            String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
            ProcessBuilder builder = new ProcessBuilder(
                    java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-jar", jar.toString(), "--spring.main.banner-mode=off");
            builder.environment().keySet().removeIf(variable -> variable.startsWith("CLUSTER_LEADER_"));
            builder.environment().put("CLUSTER_LEADER_STORE", "file:" + directory.resolve("election"));
            builder.environment().put("CLUSTER_LEADER_INSTANCE_NAME", name);
            builder.environment().put("SPRING_DATASOURCE_URL", databaseUrl);
            builder.environment().put("LOGGING_LEVEL_IO_CLUSTERLEADER_SPRING", "debug"); // Each job that is left to the leader.
            process = builder.directory(directory.toFile()).redirectErrorStream(true).start();
            Process own = process;
            Thread reader = new Thread(() -> read(own));
            reader.setDaemon(true);
            reader.start();
        }

        private void read(Process from) {
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(from.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    take(line);
                }
            } catch (IOException ended) {
                // With the process.
            }
        }

        private void take(String line) {
            synchronized (Demo.this) {
                lastLines.add(line);
                if (lastLines.size() > 30) {
                    lastLines.remove(0);
                }
                if (line.contains("This node is the cluster leader now")) {
                    leadsSince = System.nanoTime();
                    state = "LEADS";
                    leaders.add(name);
                } else if (line.contains("This node is no longer the cluster leader")) {
                    state = mayEnd ? state : "waits";
                } else if (line.contains("Started BillingApplication")) {
                    started = true;
                    state = state.equals("starts") ? "waits" : state;
                } else if (line.contains(" : Skipped ") || line.contains("won't execute the job")) {
                    skips++;
                } else if (line.contains("Job ") && line.contains(" : ")) {
                    runs++;
                }
            }
        }

        private boolean leads() {
            return state.equals("LEADS");
        }

        @Override
        public String toString() {
            return String.format("%s %-6s %3d jobs run, %3d left to the leader", name, state, runs, skips);
        }
    }

    /** What the jobs' rows say. */
    private record Ticks(int run, int missed, int doubled, List<String> instances) {}

    /** H2, out of the example's jar, served to all replicas by this process. */
    private static final class Database implements AutoCloseable {
        private final URLClassLoader h2;
        private final Object server;
        private final String url;

        private Database(Path jar, Path directory) throws Exception {
            h2 = new URLClassLoader(new URL[] {unpack(jar, directory).toUri().toURL()});
            Class<?> type = h2.loadClass("org.h2.tools.Server");
            String[] options = {"-tcpPort", "0", "-tcpDaemon", "-ifNotExists", "-baseDir", directory.toString()};
            server = type.getMethod("createTcpServer", String[].class).invoke(null, (Object) options);
            type.getMethod("start").invoke(server);
            url = "jdbc:h2:tcp://localhost:" + type.getMethod("getPort").invoke(server) + "/billing;DB_CLOSE_DELAY=-1;DB_CLOSE_ON_EXIT=FALSE";
        }

        private static Path unpack(Path jar, Path directory) throws IOException {
            try (ZipFile zip = new ZipFile(jar.toFile())) {
                for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
                    ZipEntry entry = entries.nextElement();
                    if (entry.getName().matches("BOOT-INF/lib/h2-.*\\.jar")) {
                        try (InputStream in = zip.getInputStream(entry)) {
                            Path h2 = directory.resolve("h2.jar");
                            Files.copy(in, h2);
                            return h2;
                        }
                    }
                }
            }
            throw new Failure(jar + " has no H2 in it: run make example again");
        }

        private Ticks count() throws SQLException {
            Driver driver;
            try {
                driver = (Driver) h2.loadClass("org.h2.Driver").getDeclaredConstructor().newInstance();
            } catch (ReflectiveOperationException failure) {
                throw new SQLException(failure);
            }
            Properties user = new Properties();
            user.put("user", "sa");
            user.put("password", "");
            try (Connection connection = driver.connect(url, user); Statement statement = connection.createStatement()) {
                return count(statement);
            }
        }

        private static Ticks count(Statement statement) throws SQLException {
            int run = 0;
            int missed = 0;
            int doubled = 0;
            String counts = """
                    select count(*), count(distinct planned), datediff(millisecond, min(planned), max(planned)) / period + 1
                    from job_run join (values ('InvoiceJob', 1000), ('ReminderMailJob', 2000), ('CleanUpJob', 5000)) as known (name, period)
                    on job = name group by job, period""";
            try (ResultSet jobs = statement.executeQuery(counts)) {
                while (jobs.next()) {
                    run += jobs.getInt(2);
                    missed += jobs.getInt(3) - jobs.getInt(2);
                    doubled += jobs.getInt(1) - jobs.getInt(2);
                }
            }
            List<String> instances = new ArrayList<>();
            try (ResultSet runs = statement.executeQuery("select instance from job_run order by started_at")) {
                while (runs.next()) {
                    String instance = runs.getString(1);
                    if (instances.isEmpty() || !instances.get(instances.size() - 1).equals(instance)) {
                        instances.add(instance);
                    }
                }
            }
            return new Ticks(run, missed, doubled, instances);
        }

        @Override
        public void close() throws Exception {
            server.getClass().getMethod("stop").invoke(server);
            h2.close();
        }
    }

    /** Lines, and below them the nodes: always up to date on a terminal, every two seconds elsewhere. */
    private static final class Screen {
        private final boolean terminal = isTerminal();
        private final long begin = System.nanoTime();
        private long shown;
        private int height;

        private static boolean isTerminal() {
            try {
                return new ProcessBuilder("test", "-t", "1").inheritIO().start().waitFor() == 0;
            } catch (IOException | InterruptedException unknown) {
                return false;
            }
        }

        private void say(String line) {
            clear();
            System.out.printf(Locale.ROOT, "%5.1f s  %s%n", (System.nanoTime() - begin) / 1e9, line);
            shown = 0;
        }

        private void show(List<Node> nodes) {
            long every = terminal ? 100 : 2_000;
            if (shown != 0 && System.nanoTime() - shown < TimeUnit.MILLISECONDS.toNanos(every)) {
                return;
            }
            clear();
            for (Node node : nodes) {
                System.out.println("         " + node);
                height++;
            }
            shown = System.nanoTime();
        }

        private void clear() {
            if (terminal && height > 0) {
                System.out.print("\033[" + height + "A\033[J");
            }
            height = 0;
        }

        private void end() {
            height = 0;
        }
    }
}
