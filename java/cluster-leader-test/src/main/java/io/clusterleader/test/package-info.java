/**
 * Tests that decide who leads: {@link io.clusterleader.test.ControlledElections} for JUnit 5 and later, {@link
 * io.clusterleader.test.ElectionControl} for anything else. Elections are held in memory, without the native library.
 *
 * <pre>{@code
 * @ControlledElections
 * class InvoicesTest {
 *     @Test
 *     void only_the_leader_sends(ControlledElection election) {
 *         invoices.send();
 *         assertEquals(0, mails.sent());
 *         election.becomeLeader();
 *         invoices.send();
 *         assertEquals(1, mails.sent());
 *     }
 * }
 * }</pre>
 *
 * <h2>What is controlled</h2>
 *
 * <p>All elections that are joined in this process while a test controls them, whoever joins them: {@link
 * io.clusterleader.ClusterLeader#isThisInstanceLeader()}, {@code thisInstance}, {@code join}, and what frameworks build on
 * them. They stay joined when the test ends, lead nothing between tests, and obey the next test that takes control, so that
 * objects that outlive a test remain usable.
 *
 * <p>What is joined while no test is in control is the native library's, as if this kit were not there, and remains so: a
 * test that takes control later cannot move it, and one warning names it. Where all tests of a JVM are to be without the
 * native library, annotated or not, set the system property {@code cluster-leader.test.controlled} to {@code true}: what is
 * joined then leads nothing until a test takes control.
 *
 * <h2>What is as in production</h2>
 *
 * <p>Listeners are told the same in the same order on the same thread; {@code stepDown()} and {@code close()} withdraw
 * before they return, and this instance sits out until {@link io.clusterleader.test.ControlledElection#becomeLeader()};
 * where an election waits until the program is ready, or has a health check, it leads only then; fencing tokens grow from
 * term to term, also from test to test. Settings that cannot be used are refused. Time stands still: nothing expires by
 * itself, and the heartbeat is not watched.
 *
 * <h2>Spring</h2>
 *
 * <p>Put {@link io.clusterleader.test.ControlledElections} on the test class: its context is then made under control. Such a
 * context is cached as any other and shared with other annotated classes, never with classes without the annotation.
 */
@NullMarked
package io.clusterleader.test;

import org.jspecify.annotations.NullMarked;
