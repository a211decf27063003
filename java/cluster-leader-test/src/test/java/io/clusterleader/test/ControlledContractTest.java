package io.clusterleader.test;

import java.nio.file.Path;

class ControlledContractTest extends Contract {
    @Override
    World open(Path ofElections) {
        return new World.Controlled(ofElections);
    }
}
