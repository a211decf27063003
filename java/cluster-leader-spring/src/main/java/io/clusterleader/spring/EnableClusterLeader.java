package io.clusterleader.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.context.annotation.Import;

/**
 * Has an application stand in its election, and guards what runs on the leader only. With Spring Boot, use the starter
 * instead. A bean of the type {@link ClusterLeaderSettings} says what should differ from the defaults.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@Import(ClusterLeaderConfiguration.class)
public @interface EnableClusterLeader {}
