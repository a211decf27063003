package io.clusterleader.spi;

import org.jspecify.annotations.Nullable;

/**
 * Stands in elections in place of the native library: found by {@link java.util.ServiceLoader}, for test kits.
 *
 * <p>Looked for once, when the first election is joined, by the class loader of this library.
 */
public interface CandidacyProvider {
    /**
     * Stands in an election. Called each time that one is joined, from any thread.
     *
     * @param settings what the program, the properties and the environment say
     * @param library the library, which may be kept
     * @return the candidacy, or null where the native library is to stand
     * @throws io.clusterleader.ClusterLeaderException if a setting is wrong: whoever joins gets it
     */
    @Nullable Candidacy stand(Settings settings, Library library);
}
