package io.clusterleader.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * How a {@code @Scheduled} method that runs on the leader only, or each of a class, differs from what is configured for all:
 * {@code cluster-leader.scheduled.delivery}, {@code .misfire} and {@code .misfire-threshold}.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface ScheduledDelivery {
    /**
     * What the job is promised.
     *
     * @return one value; none for what is configured
     */
    Delivery[] value() default {};

    /**
     * What becomes of ticks that were due while no instance led.
     *
     * @return one value; none for what is configured
     */
    Misfire[] misfire() default {};

    /**
     * How long ago a tick may have been due and still be caught up.
     *
     * @return a duration such as {@code PT10M}, which may be a placeholder; empty for what is configured
     */
    String misfireThreshold() default "";

    /**
     * The id of the job, by which its ticks are known. Set it, to the old one, when a method is renamed or moved: else the
     * job begins anew, and what is due at that moment is left out. Where the method has several schedules, further ones are
     * {@code id@2} and so on. It only counts on a method.
     *
     * @return the id, which may be a placeholder; empty for {@code class#method}
     */
    String id() default "";
}
