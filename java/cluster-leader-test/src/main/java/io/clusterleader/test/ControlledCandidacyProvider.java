package io.clusterleader.test;

import io.clusterleader.spi.Candidacy;
import io.clusterleader.spi.CandidacyProvider;
import io.clusterleader.spi.Library;
import io.clusterleader.spi.Settings;
import org.jspecify.annotations.Nullable;

/** Stands in elections while a test controls them; found by {@link java.util.ServiceLoader}. Of no use to programs. */
public final class ControlledCandidacyProvider implements CandidacyProvider {
    /** For {@link java.util.ServiceLoader}. */
    public ControlledCandidacyProvider() {}

    @Override
    public @Nullable Candidacy stand(Settings settings, Library library) {
        return Stage.stand(settings, library);
    }
}
