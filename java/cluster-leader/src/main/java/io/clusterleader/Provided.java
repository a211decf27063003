package io.clusterleader;

import io.clusterleader.spi.Candidacy;
import io.clusterleader.spi.CandidacyProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** Candidacies of whatever takes the place of the native library: test kits on the class path. */
final class Provided {
    private static final List<CandidacyProvider> PROVIDERS = new ArrayList<>();

    static {
        ServiceLoader.load(CandidacyProvider.class, CandidacyProvider.class.getClassLoader()).forEach(PROVIDERS::add);
    }

    private Provided() {}

    static @Nullable Candidacy stand(Election election) {
        for (CandidacyProvider provider : PROVIDERS) {
            Candidacy candidacy = provider.stand(election.settingsByKey());
            if (candidacy != null) {
                return candidacy;
            }
        }
        return null;
    }
}
