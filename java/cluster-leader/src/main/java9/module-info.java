/** Leader election inside your process, on a Kubernetes Lease or on files. */
module io.clusterleader {
    requires java.logging;
    requires static org.jspecify;

    exports io.clusterleader;
    exports io.clusterleader.spi;

    uses io.clusterleader.spi.CandidacyProvider;
}
