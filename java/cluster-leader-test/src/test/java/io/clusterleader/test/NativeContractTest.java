package io.clusterleader.test;

import java.nio.file.Path;

class NativeContractTest extends Contract {
    @Override
    World open(Path ofElections) {
        return new World.Real(ofElections);
    }
}
