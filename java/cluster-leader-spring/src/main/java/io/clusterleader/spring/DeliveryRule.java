package io.clusterleader.spring;

import java.lang.reflect.Method;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.annotation.AnnotatedElementUtils;

/** What {@link ScheduledDelivery} says of a job; null where it says nothing. */
record DeliveryRule(
        @Nullable Delivery delivery, @Nullable Misfire misfire, @Nullable Duration misfireThreshold, @Nullable String id) {
    static final DeliveryRule UNSAID = new DeliveryRule(null, null, null, null);

    static DeliveryRule of(Method method, Class<?> targetClass, UnaryOperator<String> resolve) {
        Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
        ScheduledDelivery ofMethod = AnnotatedElementUtils.findMergedAnnotation(specific, ScheduledDelivery.class);
        ScheduledDelivery said =
                ofMethod != null ? ofMethod : AnnotatedElementUtils.findMergedAnnotation(targetClass, ScheduledDelivery.class);
        if (said == null) {
            return UNSAID;
        }
        String id = ofMethod == null ? "" : resolve.apply(said.id());
        return new DeliveryRule(
                only(said.value(), specific), only(said.misfire(), specific),
                threshold(resolve.apply(said.misfireThreshold()), specific), id.isEmpty() ? null : id);
    }

    private static <T> @Nullable T only(T[] values, Method method) {
        if (values.length > 1) {
            throw new IllegalStateException("@ScheduledDelivery of " + method + " gives " + values.length + " values where one counts: "
                    + Arrays.toString(values) + ". Leave one.");
        }
        return values.length == 0 ? null : values[0];
    }

    private static @Nullable Duration threshold(String text, Method method) {
        if (text.isEmpty()) {
            return null;
        }
        try {
            Duration threshold = Duration.parse(text);
            if (!threshold.isNegative()) {
                return threshold;
            }
        } catch (DateTimeParseException unreadable) {
            // Told below.
        }
        throw new IllegalStateException("@ScheduledDelivery of " + method + ": misfireThreshold is \"" + text
                + "\", which is not a duration from zero up. Write one as ISO 8601 does, PT10M for ten minutes.");
    }
}
