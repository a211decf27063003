package io.clusterleader.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * Has the tests of a class, or one test, decide who leads: every election of this process is held in memory, and the
 * native library is not needed.
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
 * <p>Constructors, tests and life-cycle methods may have parameters of the types {@link ControlledElection} (with {@link
 * ElectionNamed}, the election of that name, else all that no test names) and {@link ElectionControl}.
 *
 * <p>On a class it also holds for what is made before the first test, such as a Spring application context, and for its
 * nested classes. Each test begins anew: what was said before is forgotten, a term that runs ends with {@link
 * io.clusterleader.LostReason#DELETED}, and all listeners have been told so. What has been joined stays joined; the election
 * of the process ({@link io.clusterleader.ClusterLeader#thisInstance()}) begins anew if a test has closed it.
 *
 * <p>Elections are those of the whole process. So JUnit runs only one annotated class or method at a time, also where it
 * runs tests in parallel; tests without the annotation that run meanwhile are controlled as well.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
@ExtendWith(ControlledElectionsExtension.class)
@ResourceLock(ControlledElections.RESOURCE)
public @interface ControlledElections {
    /** The resource of JUnit that tests with this annotation share, for {@link ResourceLock} on other tests. */
    String RESOURCE = "io.clusterleader.test.ControlledElections";

    /**
     * Whether this instance leads when a test begins. By default nobody does.
     *
     * @return true if it leads
     */
    boolean leading() default false;
}
