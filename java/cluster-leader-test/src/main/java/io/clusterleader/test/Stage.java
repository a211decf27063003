package io.clusterleader.test;

import io.clusterleader.ClusterLeaderException;
import io.clusterleader.spi.Library;
import io.clusterleader.spi.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What there is once in a process: the candidacies that this kit stands for, and whoever controls them. All state of the
 * kit changes under the lock of this class, and only volatile fields are read without it.
 */
final class Stage {
    /** As what was joined in vain for a test: an answer of the native library. */
    private static final Logger LOG = Logger.getLogger("io.clusterleader");

    private static final String ALWAYS = "cluster-leader.test.controlled";

    private static final List<ControlledCandidacy> CANDIDACIES = new ArrayList<>();
    /** Elections that the native library stands in, as nobody controlled them when they were joined. */
    private static final Set<String> UNCONTROLLED = new TreeSet<>();

    private static @Nullable ElectionControl control;
    private static @Nullable Library library;
    private static long lastToken;
    private static long changes;

    private Stage() {}

    static synchronized @Nullable ControlledCandidacy stand(Settings settings, Library known) {
        library = known;
        if (control == null && !isAlwaysControlled()) {
            UNCONTROLLED.add(settings.election());
            return null;
        }
        return new ControlledCandidacy(settings);
    }

    private static boolean isAlwaysControlled() {
        String value = System.getProperty(ALWAYS, "false");
        if (!value.equals("true") && !value.equals("false")) {
            throw new ClusterLeaderException(ALWAYS + ": \"" + value + "\" cannot be used: write true or false.");
        }
        return value.equals("true");
    }

    // ---- who controls -----------------------------------------------------------------------

    static synchronized void open(ElectionControl opened) {
        if (control != null) {
            throw new IllegalStateException("The elections of this process are under control already, since the place that the cause"
                    + " shows. Close that ElectionControl first, or ask it for the election.", control.openedAt());
        }
        if (!UNCONTROLLED.isEmpty()) {
            LOG.log(Level.WARNING, "Elections were joined in this JVM before a test took control: {0}. Where they are still open, the"
                    + " native library answers for them, and not the test. Take control before (@ControlledElections on the class, not"
                    + " on the method), or let the kit stand from the start with -D" + ALWAYS + "=true.", String.join(", ", UNCONTROLLED));
            UNCONTROLLED.clear();
        }
        control = opened;
    }

    static synchronized void close(ElectionControl closed) {
        if (control == closed) {
            control = null;
        }
    }

    static synchronized boolean isControlledBy(ElectionControl asked) {
        return control == asked;
    }

    /** Lets the election of this process begin anew where a test has closed it. */
    static void forgetClosed() {
        Library known;
        synchronized (Stage.class) {
            known = library;
        }
        if (known != null) {
            known.forgetClosed(); // It has a lock of its own.
        }
    }

    // ---- candidacies ------------------------------------------------------------------------

    /** Those of an election, in the order in which they were joined. */
    static synchronized Stream<ControlledCandidacy> of(ControlledElection election) {
        return new ArrayList<>(CANDIDACIES).stream().filter(candidacy -> candidacy.election() == election);
    }

    static void join(ControlledCandidacy candidacy) {
        change(() -> {
            CANDIDACIES.add(candidacy);
            assign(candidacy);
        });
    }

    static synchronized void leave(ControlledCandidacy candidacy) {
        CANDIDACIES.remove(candidacy);
    }

    /** Has every candidacy follow the election that is its own by now. */
    static synchronized void assign() {
        CANDIDACIES.forEach(Stage::assign);
    }

    private static void assign(ControlledCandidacy candidacy) {
        candidacy.follow(control == null ? null : control.electionFor(candidacy.name()));
    }

    /** Larger than all before it, in any election. */
    static synchronized long nextToken() {
        lastToken++;
        return lastToken;
    }

    /** Changes something, and has whoever waits or listens look again. */
    static void change(Runnable step) {
        List<ControlledCandidacy> concerned;
        synchronized (Stage.class) {
            step.run();
            changes++;
            concerned = new ArrayList<>(CANDIDACIES);
        }
        // Whoever looks again may hold a lock of its own: without ours.
        concerned.forEach(ControlledCandidacy::tell);
    }

    private static synchronized long changes() {
        return changes;
    }

    // ---- listeners --------------------------------------------------------------------------

    /** Waits until the listeners were told everything, what they brought about themselves included. */
    static void awaitListeners(Duration bound) {
        Library known;
        synchronized (Stage.class) {
            known = library;
        }
        if (known == null) {
            return;
        }
        long deadline = System.nanoTime() + bound.toNanos();
        long before;
        do {
            before = changes();
            CountDownLatch told = new CountDownLatch(1);
            known.afterListeners(told::countDown);
            try {
                if (!told.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    throw new AssertionError("Listeners were not told everything within " + bound + ": the thread"
                            + " cluster-leader-listener is busy. Does a listener wait for what the test does later, or call"
                            + " awaitListeners itself?");
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("Interrupted while listeners were being told.", interrupted);
            }
        } while (changes() != before);
    }
}
