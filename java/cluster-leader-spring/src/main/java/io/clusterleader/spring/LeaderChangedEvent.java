package io.clusterleader.spring;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Another instance leads than before, or none does as far as is known. */
public class LeaderChangedEvent extends LeadershipEvent {
    private static final long serialVersionUID = 1L;

    /** Null if nobody leads. */
    private final @Nullable String leader;

    LeaderChangedEvent(Object source, String election, @Nullable String leader) {
        super(source, election);
        this.leader = leader;
    }

    /**
     * The shown name of whoever leads, this instance or another.
     *
     * @return the name, empty if nobody leads as far as is known
     */
    public Optional<String> leader() {
        return Optional.ofNullable(leader);
    }

    @Override
    String details() {
        return ", leader=" + leader;
    }
}
