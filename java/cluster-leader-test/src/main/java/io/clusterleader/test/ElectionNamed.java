package io.clusterleader.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The election that a parameter of the type {@link ControlledElection} controls, as {@link ElectionControl#election(String)}. */
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface ElectionNamed {
    /**
     * The name of the election.
     *
     * @return the name
     */
    String value();
}
