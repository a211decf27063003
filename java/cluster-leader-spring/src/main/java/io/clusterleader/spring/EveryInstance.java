package io.clusterleader.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Scheduled work that every instance does, the leader and all others, though scheduled work runs on the leader only: this
 * method, or every method of this class that does not say {@link LeaderOnly}. Refreshing a cache of this process is such
 * work.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface EveryInstance {}
