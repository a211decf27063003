package io.clusterleader.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What runs on the leader only: this method, or every method of this class.
 *
 * <p>On an instance that does not lead, a call does nothing. What it returns then: nothing where the method is {@code
 * void}; an empty {@code Optional}; a future that is completed with null; a publisher that is empty. A method that
 * returns anything else throws {@link NotLeaderException}. Whether this instance leads is asked when the method is about
 * to run: with {@code @Async} on the other thread, with a publisher when it is subscribed to.
 *
 * <p>Leadership is not given back while a call is under way: until the method has returned, the {@code CompletionStage} that
 * it returned is complete, or the publisher has ended or was cancelled. Of other futures it is not known when they are done.
 *
 * <p>It works as {@code @Transactional} does, by a proxy: a call from within the same object is not seen. A method that
 * cannot be proxied (private, final or static, or of a final class) fails the start of the application, unless it is
 * {@code @Scheduled}: its runs are guarded by the scheduler.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface LeaderOnly {
    /**
     * The election that decides.
     *
     * @return its name; empty for the election of the application
     */
    String value() default "";
}
