/**
 * Leader election inside your process, on a Kubernetes Lease or on files: of several replicas of a
 * program exactly one is answered yes.
 *
 * <pre>{@code
 * if (ClusterLeader.isThisInstanceLeader()) {
 *     sendTheInvoices();
 * }
 * }</pre>
 *
 * <h2>What is promised</h2>
 *
 * <ul>
 *   <li>{@link io.clusterleader.ClusterLeader#isLeader()} is true only if a clock read inside the call
 *       is before the deadline of a claim that the store acknowledged. It keeps no boolean, and does no
 *       I/O: it costs about one clock read. A process that is paused, cut off or starved answers no.
 *   <li>Two processes are never both answered yes, for any delay, loss, crash, restart, partition, pause
 *       or jump of a wall clock, as long as their clocks tick at about the same rate (15 to 10 at the
 *       default timings).
 *   <li>When the leader closes its election or its process ends, another takes over at once; when it is
 *       killed or cut off, after the lease duration at the latest.
 *   <li>Nothing of this library throws into, blocks or ends the program: not an API server that is
 *       unreachable, refuses or hangs. What goes wrong is logged to the {@code java.util.logging} logger
 *       {@code io.clusterleader}, shown in {@link io.clusterleader.Status#lastProblem()}, and tried again.
 * </ul>
 *
 * <p>A yes is about the moment of the call. Work that may outlast it asks again between its steps, asks
 * {@link io.clusterleader.ClusterLeader#isLeaderFor isLeaderFor(duration)} beforehand, or hands its
 * {@link io.clusterleader.ClusterLeader#fencingToken() fencing token} to what it writes to.
 *
 * <h2>Where an election is held</h2>
 *
 * <p>In a pod: in a Lease of the pod's namespace, which its service account must be allowed to create,
 * get, update and watch. On any other machine: in a directory of files, which elects among the processes
 * of this machine only.
 *
 * <p>The jar carries native libraries for Linux on x86_64 and aarch64, with glibc (2.17 or newer) and with
 * musl. On any other machine, such as a developer's laptop, an exclusive lock on a file in that directory
 * decides, which one warning says; such a claim lasts for as long as the process does. In Kubernetes a
 * missing library is an error.
 *
 * <h2>Settings</h2>
 *
 * <p>What an {@link io.clusterleader.Election} says comes before the Java property, this before the
 * environment variable, this before the default.
 *
 * <table>
 *   <caption>Settings</caption>
 *   <tr><th>meaning</th><th>Java property</th><th>environment variable</th><th>default</th></tr>
 *   <tr><td>election: the Lease's name</td><td>{@code cluster-leader.election}</td>
 *       <td>{@code CLUSTER_LEADER_ELECTION}</td><td>with files {@code default}; in Kubernetes it must be said</td></tr>
 *   <tr><td>namespace</td><td>{@code cluster-leader.namespace}</td>
 *       <td>{@code CLUSTER_LEADER_NAMESPACE}</td><td>the pod's</td></tr>
 *   <tr><td>the name that others are shown</td><td>{@code cluster-leader.instance-name}</td>
 *       <td>{@code CLUSTER_LEADER_INSTANCE_NAME}</td><td>the pod's or the host's</td></tr>
 *   <tr><td>store: {@code auto}, {@code kubernetes}, {@code file}, {@code file:DIRECTORY}</td>
 *       <td>{@code cluster-leader.store}</td><td>{@code CLUSTER_LEADER_STORE}</td><td>{@code auto}</td></tr>
 *   <tr><td>how long others wait for a silent leader</td><td>{@code cluster-leader.lease-duration}</td>
 *       <td>{@code CLUSTER_LEADER_LEASE_DURATION}</td><td>{@code 15s}</td></tr>
 *   <tr><td>how long a leader leads after its last renewal</td><td>{@code cluster-leader.renew-deadline}</td>
 *       <td>{@code CLUSTER_LEADER_RENEW_DEADLINE}</td><td>{@code 10s}</td></tr>
 *   <tr><td>wait after a failed request</td><td>{@code cluster-leader.retry-period}</td>
 *       <td>{@code CLUSTER_LEADER_RETRY_PERIOD}</td><td>{@code 2s}</td></tr>
 *   <tr><td>whether a leader whose container has ended is replaced at once: {@code true}, {@code false}</td>
 *       <td>{@code cluster-leader.watch-pods}</td><td>{@code CLUSTER_LEADER_WATCH_PODS}</td><td>{@code false}</td></tr>
 *   <tr><td>this container's {@code terminationMessagePath}</td>
 *       <td>{@code cluster-leader.termination-log}</td><td>{@code CLUSTER_LEADER_TERMINATION_LOG}</td>
 *       <td>{@code /dev/termination-log}</td></tr>
 *   <tr><td>silence of this JVM after which it hands over, {@code 0} for no limit</td>
 *       <td>{@code cluster-leader.heartbeat}</td><td>{@code CLUSTER_LEADER_HEARTBEAT}</td><td>the lease duration</td></tr>
 *   <tr><td>whether to stand only once the program has called {@link io.clusterleader.ClusterLeader#ready()}:
 *       {@code true}, {@code false}</td><td>{@code cluster-leader.wait-until-ready}</td>
 *       <td>{@code CLUSTER_LEADER_WAIT_UNTIL_READY}</td><td>{@code false}</td></tr>
 *   <tr><td>native library: the file to load</td><td>{@code cluster-leader.native.path}</td><td></td><td>the jar's</td></tr>
 *   <tr><td>native library: where to unpack it</td><td>{@code cluster-leader.native.workdir}</td><td></td>
 *       <td>a new directory among the temporary files</td></tr>
 * </table>
 *
 * <p>Durations are written as in {@code 15s}, {@code 1500ms}, {@code 1m}.
 *
 * <h2>Threads</h2>
 *
 * <p>One native thread drives all elections of the process. The daemon thread {@code
 * cluster-leader-heartbeat} enters the native library every second: a JVM that stops doing so, because
 * it is frozen or does nothing but collect garbage, loses its leadership. {@code cluster-leader-listener}
 * runs the listeners and {@code cluster-leader-log} the log handlers, each only while there is something
 * to do. An election with a {@linkplain io.clusterleader.Election#healthCheck health check} has a thread {@code
 * cluster-leader-health} for it. None keeps the JVM from ending.
 *
 * <h2>Logging</h2>
 *
 * <p>To the {@code java.util.logging} logger {@code io.clusterleader}: what people should act on as {@code WARNING}
 * and {@code SEVERE}, the comings and goings of leaders as {@code INFO}, renewals and repeated failures as {@code
 * FINE}. Lines that the logger does not want are not even made; a change of its level is noticed within a second.
 * A handler that blocks or throws delays or loses log lines, and nothing else.
 *
 * <h2>The end</h2>
 *
 * <p>There is no shutdown hook: it would release while jobs still run. {@link
 * io.clusterleader.ClusterLeader#close()} releases; what is still held when the process ends is released
 * then, after all shutdown hooks, when no Java code runs any more: on return from {@code main}, {@code
 * System.exit}, {@code Runtime.halt} and SIGTERM.
 *
 * <h2>Class loaders</h2>
 *
 * <p>Applications of a servlet container that each bring this jar have one copy of the library each, and
 * stand in the election separately. An application that is undeployed should close its elections: then its
 * class loader can be collected, and the native thread ends with it.
 */
@NullMarked
package io.clusterleader;

import org.jspecify.annotations.NullMarked;
