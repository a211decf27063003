package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import com.sun.jdi.connect.Connector;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A JVM that is stuck while its process lives: a debugger stops all its Java threads, and no native one. */
@Execution(ExecutionMode.CONCURRENT)
class HeartbeatTest {
    @TempDir
    private Path directory;

    @Test
    void g11_a_stuck_jvm_hands_over_although_its_lease_would_last() throws Exception {
        try (ChildJvm stuck = candidate("stuck", "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:0")) {
            String listening = stuck.await("Listening for transport dt_socket at address: ");
            stuck.await("leads");
            VirtualMachine jvm = attach(listening.substring(listening.lastIndexOf(' ') + 1));
            try (ChildJvm other = candidate("other")) {
                assertEquals("leader stuck", other.await("leader"));
                jvm.suspend();
                other.await("leads");
                jvm.resume();
                stuck.await("follows");
                String lost = stuck.await("lost");
                assertEquals("HOST_STUCK", lost.substring(lost.lastIndexOf(' ') + 1), stuck::output);
                // It stands again once it lives again.
                other.send("close");
                stuck.await("leads");
            } finally {
                jvm.dispose();
            }
        }
    }

    private ChildJvm candidate(String name, String... options) {
        List<String> all = new java.util.ArrayList<>(List.of(
                "-Dcluster-leader.store=file:" + directory,
                "-Dcluster-leader.instance-name=" + name,
                "-Dcluster-leader.lease-duration=10m",
                "-Dcluster-leader.renew-deadline=5m",
                "-Dcluster-leader.heartbeat=3s"));
        all.addAll(List.of(options));
        return ChildJvm.run(ChildJvm.thisJava(), Map.of(), all, Candidate.class);
    }

    private static VirtualMachine attach(String port) throws Exception {
        AttachingConnector connector = Bootstrap.virtualMachineManager().attachingConnectors().stream()
                .filter(each -> each.name().equals("com.sun.jdi.SocketAttach"))
                .findFirst()
                .orElseThrow();
        Map<String, Connector.Argument> arguments = connector.defaultArguments();
        arguments.get("hostname").setValue("127.0.0.1");
        arguments.get("port").setValue(port.replaceAll(".*:", ""));
        return connector.attach(arguments);
    }
}
