package io.clusterleader;

import io.clusterleader.spi.Candidacy;
import io.clusterleader.spi.CandidacyProvider;
import io.clusterleader.spi.Library;
import io.clusterleader.spi.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** Candidacies of whatever takes the place of the native library: test kits on the class path. */
final class Provided {
    private static final List<CandidacyProvider> PROVIDERS = new ArrayList<>();

    private static final Library LIBRARY = new Library() {
        @Override
        public void afterListeners(Runnable task) {
            Listeners.afterwards(task);
        }

        @Override
        public void forgetClosed() {
            ClusterLeader.forgetClosed();
        }
    };

    static {
        ServiceLoader.load(CandidacyProvider.class, CandidacyProvider.class.getClassLoader()).forEach(PROVIDERS::add);
    }

    private Provided() {}

    static @Nullable Candidacy stand(Election election) {
        for (CandidacyProvider provider : PROVIDERS) {
            Candidacy candidacy = provider.stand(new Settings(election.settingsByKey(), System::getenv), LIBRARY);
            if (candidacy != null) {
                return candidacy;
            }
        }
        return null;
    }
}
