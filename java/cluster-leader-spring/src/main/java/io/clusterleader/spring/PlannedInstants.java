package io.clusterleader.spring;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Date;
import org.jspecify.annotations.Nullable;
import org.springframework.scheduling.Trigger;
import org.springframework.scheduling.TriggerContext;
import org.springframework.util.Assert;
import org.springframework.util.ReflectionUtils;

/**
 * The instants that a cron expression plans, as Spring's own trigger tells them, with its zone and its daylight saving.
 * Asked by reflection: Spring 5 speaks of a {@code Date}, Spring 7 of an {@code Instant}, and 6 of both.
 */
final class PlannedInstants {
    private static final Method NEXT = next();

    private final Trigger trigger;

    PlannedInstants(Trigger trigger) {
        this.trigger = trigger;
    }

    private static Method next() {
        Method next = ReflectionUtils.findMethod(Trigger.class, "nextExecution", TriggerContext.class);
        next = next != null ? next : ReflectionUtils.findMethod(Trigger.class, "nextExecutionTime", TriggerContext.class);
        Assert.state(next != null, () -> Trigger.class + " does not say when it fires next");
        return next;
    }

    /** The first after that instant; null if there is none. */
    @Nullable Instant after(Instant instant) {
        Clock clock = Clock.fixed(instant, ZoneOffset.UTC);
        Object context = Proxy.newProxyInstance(TriggerContext.class.getClassLoader(), new Class<?>[] {TriggerContext.class},
                (proxy, method, arguments) -> {
                    Class<?> type = method.getReturnType();
                    return type == Clock.class ? clock : type == Instant.class ? instant : type == Date.class ? Date.from(instant) : null;
                });
        return instant(ReflectionUtils.invokeMethod(NEXT, trigger, context));
    }

    /** The last that is after {@code floor} and not after {@code ceiling}; null if there is none. */
    @Nullable Instant last(Instant floor, Instant ceiling) {
        // From ever further back until there is one, so that neither a daily job nor one of each second takes many steps.
        for (Duration back = Duration.ofSeconds(1); ; back = back.multipliedBy(2)) {
            Instant from = ceiling.minus(back);
            boolean isFloor = !from.isAfter(floor);
            Instant last = null;
            Instant next = after(isFloor ? floor : from);
            while (next != null && !next.isAfter(ceiling)) {
                last = next;
                next = after(next);
            }
            if (last != null || isFloor) {
                return last;
            }
        }
    }

    /** What a trigger answers, in whichever words. */
    static @Nullable Instant instant(@Nullable Object answer) {
        return answer instanceof Date date ? date.toInstant() : (Instant) answer;
    }
}
