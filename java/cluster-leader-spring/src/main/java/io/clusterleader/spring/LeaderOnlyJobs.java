package io.clusterleader.spring;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.context.EmbeddedValueResolverAware;
import org.springframework.core.MethodClassKey;
import org.springframework.util.StringValueResolver;

/**
 * The jobs of an application, as they become known: when their beans are made. For people and for monitoring.
 *
 * <p>Everything may be called from any thread.
 */
public final class LeaderOnlyJobs implements EmbeddedValueResolverAware {
    /** Of a lambda's and of an object's {@code toString()}. */
    private static final Pattern DIFFERENT_IN_EACH_PROCESS = Pattern.compile("(?<=\\$\\$Lambda).*|@[0-9a-f]+$");

    private final List<LeaderOnlyJob> jobs = new ArrayList<>();
    private final List<Consumer<LeaderOnlyJob>> listeners = new ArrayList<>();
    private final Map<String, Integer> sameNames = new HashMap<>();
    private final Map<MethodClassKey, LeaderOnlyJob> called = new ConcurrentHashMap<>();
    private @Nullable StringValueResolver placeholders;

    LeaderOnlyJobs() {}

    /** For Spring: resolves the placeholders in what annotations say. */
    @Override
    public void setEmbeddedValueResolver(StringValueResolver resolver) {
        placeholders = resolver;
    }

    /**
     * All jobs that are known by now.
     *
     * @return the jobs
     */
    public synchronized List<LeaderOnlyJob> all() {
        return List.copyOf(jobs);
    }

    /**
     * Tells of all jobs: now of those that are known, and later of each that becomes known.
     *
     * @param listener is told, one job at a time; returns quickly and does not throw
     */
    public synchronized void addListener(Consumer<LeaderOnlyJob> listener) {
        listeners.add(listener);
        jobs.forEach(listener);
    }

    /** This instance leads that election now: what is scheduled goes on where the leader before left off. */
    void takeOver(String election, Elections elections) {
        elections.seat(election).leading().ifPresent(leading -> all().stream()
                .filter(job -> job.election().equals(election))
                .map(LeaderOnlyJob::ticks).flatMap(Stream::ofNullable).forEach(ticks -> ticks.takeOver(leading)));
    }

    /** A further schedule of a method. */
    LeaderOnlyJob scheduled(Method method, Class<?> targetClass) {
        return add(method, targetClass);
    }

    /** A task of a {@code SchedulingConfigurer}: named as it calls itself, but for what differs in each process. */
    LeaderOnlyJob scheduled(Runnable task) {
        return add(DIFFERENT_IN_EACH_PROCESS.matcher(task.toString()).replaceAll(""), null, Rule.UNSAID, DeliveryRule.UNSAID);
    }

    /** A method that is called by whomever. */
    LeaderOnlyJob called(Method method, Class<?> targetClass) {
        Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
        return called.computeIfAbsent(new MethodClassKey(specific, targetClass), key -> add(method, targetClass));
    }

    private LeaderOnlyJob add(Method method, Class<?> targetClass) {
        Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
        DeliveryRule delivery = DeliveryRule.of(method, targetClass, this::resolved);
        String name = delivery.id() != null ? delivery.id() : targetClass.getName() + "#" + method.getName();
        return add(name, specific, Rule.of(method, targetClass), delivery);
    }

    private synchronized LeaderOnlyJob add(String name, @Nullable Method method, Rule rule, DeliveryRule delivery) {
        int sameName = sameNames.merge(name, 1, Integer::sum);
        Rule resolved = new Rule(rule.where(), resolved(rule.election()));
        LeaderOnlyJob job = new LeaderOnlyJob(sameName == 1 ? name : name + "@" + sameName, method, resolved, delivery);
        jobs.add(job);
        listeners.forEach(listener -> listener.accept(job));
        return job;
    }

    private String resolved(String text) {
        StringValueResolver resolver = placeholders;
        String resolved = resolver == null ? text : resolver.resolveStringValue(text);
        return resolved == null ? "" : resolved;
    }
}
