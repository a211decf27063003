package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.clusterleader.test.ControlledElection;
import io.clusterleader.test.ControlledElections;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

@ControlledElections
class InvoicesTest {
    private final List<String> mails = new ArrayList<>();
    private final Invoices invoices = new Invoices(() -> mails.add("invoice"));

    @Test
    void only_the_leader_sends(ControlledElection election) {
        invoices.send();
        assertEquals(0, mails.size());
        election.becomeLeader().awaitListeners();    // or loseLeadership(), leaderIs("other-pod"), setRemaining(ofSeconds(4))
        invoices.send();
        assertEquals(1, mails.size());
    }
}
