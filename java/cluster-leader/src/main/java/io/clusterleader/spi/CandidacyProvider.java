package io.clusterleader.spi;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Stands in elections in place of the native library: found by {@link java.util.ServiceLoader}, for test kits.
 */
public interface CandidacyProvider {
    /**
     * Stands in an election.
     *
     * @param settings what the program and the properties say, by the names of the properties without {@code
     *     cluster-leader.}; what the environment says is not among them
     * @return the candidacy, or null where the native library is to stand
     */
    @Nullable Candidacy stand(Map<String, String> settings);
}
