package io.clusterleader.spring;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.annotation.AnnotatedElementUtils;

/** What the annotations of a method, or else those of its class, say about where it runs. */
record Rule(Where where, String election) {
    /** Where work runs. */
    enum Where {
        LEADER_ONLY,
        EVERY_INSTANCE,
        /** Nothing is said: scheduled work as configured, all other on every instance. */
        UNSAID
    }

    static final Rule UNSAID = new Rule(Where.UNSAID, "");

    static Rule of(Method method, Class<?> targetClass) {
        Rule ofMethod = said(AopUtils.getMostSpecificMethod(method, targetClass));
        if (ofMethod != null) {
            return ofMethod;
        }
        Rule ofClass = said(targetClass);
        return ofClass != null ? ofClass : UNSAID;
    }

    private static @Nullable Rule said(AnnotatedElement element) {
        LeaderOnly leaderOnly = AnnotatedElementUtils.findMergedAnnotation(element, LeaderOnly.class);
        boolean everyInstance = AnnotatedElementUtils.hasAnnotation(element, EveryInstance.class);
        if (leaderOnly == null) {
            return everyInstance ? new Rule(Where.EVERY_INSTANCE, "") : null;
        }
        if (everyInstance) {
            throw new IllegalStateException(element + " is annotated with both @LeaderOnly and @EveryInstance. Remove one of them.");
        }
        return new Rule(Where.LEADER_ONLY, leaderOnly.value());
    }
}
