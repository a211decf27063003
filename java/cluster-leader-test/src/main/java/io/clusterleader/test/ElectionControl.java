package io.clusterleader.test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Control over all elections of this process, from {@link #open} to {@link #close}. With JUnit, {@link ControlledElections}
 * opens and closes it; with other frameworks a test does so itself:
 *
 * <pre>{@code
 * try (ElectionControl control = ElectionControl.open()) {
 *     control.election().becomeLeader();
 *     assert ClusterLeader.isThisInstanceLeader();
 * }
 * }</pre>
 *
 * <p>What is joined meanwhile is held in memory, the first time too: no native library is loaded. Once the control is
 * closed, what was joined leads nothing and knows of no leader, until another control is opened, which it then obeys. What
 * was joined before the first one was opened is the native library's and stays so.
 *
 * <p>There is one at a time in a process; so tests that need it do not run in parallel. Thread-safe.
 */
public final class ElectionControl implements AutoCloseable {
    private final Throwable openedAt = new Throwable("Opened here, by thread " + Thread.currentThread().getName());

    // Under the stage's lock.
    private boolean leading;
    private final ControlledElection unnamed;
    private final Map<String, ControlledElection> named = new TreeMap<>();
    /** Those that were named before the present test, as by the constructor of its class. */
    private Set<String> lasting = new TreeSet<>();

    private ElectionControl(boolean leading) {
        this.leading = leading;
        unnamed = new ControlledElection(this, leading);
    }

    /**
     * Takes control. Nobody leads.
     *
     * @return the control, to be closed
     * @throws IllegalStateException if there is one
     */
    public static ElectionControl open() {
        return open(false);
    }

    /**
     * Takes control.
     *
     * @param leading whether this instance leads at first, in all elections
     * @return the control, to be closed
     * @throws IllegalStateException if there is one
     */
    public static ElectionControl open(boolean leading) {
        ElectionControl opened = new ElectionControl(leading);
        Stage.change(() -> {
            Stage.open(opened);
            Stage.assign();
        });
        Stage.forgetClosed();
        return opened;
    }

    /**
     * All elections of this process that are not controlled {@linkplain #election(String) by name}: where there is one, as
     * in most programs, the test need not know its name. They change together.
     *
     * @return these elections, as one
     */
    public ControlledElection election() {
        return unnamed;
    }

    /**
     * The election of this name, which from the first call on is controlled apart from the others: until this control is
     * closed, and with {@link ControlledElections} until the end of a test that was the first to call. At first it stands as
     * they do.
     *
     * @param name the name of the election, as its program or its configuration says it
     * @return the election; the same one for each call
     */
    public ControlledElection election(String name) {
        Objects.requireNonNull(name, "name");
        Stage.change(() -> {
            checkOpen();
            if (!named.containsKey(name)) {
                named.put(name, new ControlledElection(name, unnamed));
                Stage.assign();
                unnamed.settle(); // It may have lost all that led.
            }
        });
        synchronized (Stage.class) {
            return named.get(name);
        }
    }

    /** Under the stage's lock. */
    ControlledElection electionFor(String name) {
        return named.getOrDefault(name, unnamed);
    }

    /**
     * A test begins: this instance leads or nobody does, and what was said is forgotten. A term that runs ends with its
     * record. An election in which nothing was changed goes on as it is.
     */
    void begin(boolean leads) {
        Stage.change(() -> {
            elections().forEach(election -> election.reset(leads, leading));
            leading = leads;
            lasting = new TreeSet<>(named.keySet());
        });
        Stage.forgetClosed();
        unnamed.awaitListeners();
    }

    /** A test ends: what it has named is no concern of the next one's. */
    void end() {
        Stage.change(() -> {
            List<ControlledElection> before = elections();
            named.keySet().retainAll(lasting);
            Stage.assign();
            before.forEach(ControlledElection::settle);
        });
    }

    /**
     * Gives up control: terms that run end with {@link io.clusterleader.LostReason#DELETED}. Returns when all listeners have
     * been told. Further calls do nothing.
     *
     * @throws AssertionError if a listener does not return for 30 seconds
     */
    @Override
    public void close() {
        boolean[] wasOpen = new boolean[1];
        Stage.change(() -> {
            wasOpen[0] = Stage.isControlledBy(this);
            if (wasOpen[0]) {
                elections().forEach(election -> election.reset(false, true));
                Stage.close(this);
                Stage.assign();
            }
        });
        if (wasOpen[0]) {
            unnamed.awaitListeners();
        }
    }

    private List<ControlledElection> elections() {
        List<ControlledElection> all = new ArrayList<>(named.values());
        all.add(unnamed);
        return all;
    }

    /** Under the stage's lock. */
    private void checkOpen() {
        if (!Stage.isControlledBy(this)) {
            throw over();
        }
    }

    /** Refuses to do what would have no effect. Under the stage's lock. */
    void checkControls(@Nullable String name, ControlledElection election) {
        checkOpen();
        if ((name == null ? unnamed : named.get(name)) != election) {
            throw over();
        }
    }

    private static IllegalStateException over() {
        return new IllegalStateException("This control over elections was given up when its test ended: what it says has no effect."
                + " Ask for it within the test.");
    }

    Throwable openedAt() {
        return openedAt;
    }
}
