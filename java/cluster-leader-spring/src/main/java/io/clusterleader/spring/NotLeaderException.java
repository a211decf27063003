package io.clusterleader.spring;

import io.clusterleader.Status;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A method that runs on the leader only was called on another instance, and has to return something. */
public class NotLeaderException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    /** Its name. */
    private final String election;
    /** Null if nobody leads. */
    private final @Nullable String leader;

    /** {@code status} is null where this application does not stand, or not any more. */
    NotLeaderException(String what, String election, @Nullable Status status) {
        super(what + " runs on the leader only, which this instance is not: "
                + (status == null ? "it does not stand in the election" : status.toString())
                + ". Call it there, or have it return void, an Optional, a future or a publisher, which are empty then.");
        this.election = status == null ? election : status.election();
        this.leader = status == null ? null : status.leader().orElse(null);
    }

    /**
     * The election that decided.
     *
     * @return its name
     */
    public String election() {
        return election;
    }

    /**
     * The shown name of whoever leads instead.
     *
     * @return the name, empty if nobody does as far as is known
     */
    public Optional<String> leader() {
        return Optional.ofNullable(leader);
    }
}
