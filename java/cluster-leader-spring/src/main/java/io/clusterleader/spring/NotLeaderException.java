package io.clusterleader.spring;

import java.util.Optional;

/** A method that runs on the leader only was called on another instance, and has to return something. */
public class NotLeaderException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    private final String election;
    private final String leader;

    NotLeaderException(String what, String election, String instanceName, Optional<String> leader) {
        super(what + " runs on the leader of the election \"" + election + "\" only, which " + instanceName + " is not"
                + leader.map(name -> ": " + name + " is").orElse(": nobody is as far as is known")
                + ". Call it there, or have it return void, an Optional, a future or a publisher, which are empty then.");
        this.election = election;
        this.leader = leader.orElse(null);
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
