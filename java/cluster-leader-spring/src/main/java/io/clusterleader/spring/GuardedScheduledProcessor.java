package io.clusterleader.spring;

import io.clusterleader.spring.GuardedTaskRegistrar.Registration;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.core.KotlinDetector;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.scheduling.annotation.ScheduledAnnotationBeanPostProcessor;
import org.springframework.util.ClassUtils;
import org.springframework.util.function.SingletonSupplier;

/** Schedules what is annotated with {@code @Scheduled}, guarded. It stands in the place of Spring's own. */
class GuardedScheduledProcessor extends ScheduledAnnotationBeanPostProcessor {
    /** Since Spring 6.1. Before, what a scheduled method returned was of no interest. */
    private static final boolean SUBSCRIBES =
            ClassUtils.isPresent("org.springframework.scheduling.config.OneTimeTask", Scheduled.class.getClassLoader());

    private final GuardedTaskRegistrar registrar;
    private final LeaderOnlyJobs jobs;
    private final Supplier<Guard> guard;
    /** What is scheduled in place of a bean's reactive methods. */
    private final Map<Object, List<Object>> inPlaceOf = new IdentityHashMap<>();
    private final List<LeaderOnlyJob> unguarded = new ArrayList<>();

    /** Called by Spring. */
    static GuardedScheduledProcessor of(BeanFactory beanFactory, LeaderOnlyJobs jobs) {
        // Later: while beans are being made, whatever the guard rests on may not be there.
        Supplier<Guard> guard = SingletonSupplier.of(() -> beanFactory.getBean(Guard.class));
        return new GuardedScheduledProcessor(
                jobs, guard, SUBSCRIBES ? new GuardedTaskRegistrar.WithOneTimeTasks(jobs, guard) : new GuardedTaskRegistrar(jobs, guard));
    }

    private GuardedScheduledProcessor(LeaderOnlyJobs jobs, Supplier<Guard> guard, GuardedTaskRegistrar registrar) {
        super(registrar);
        this.registrar = registrar;
        this.jobs = jobs;
        this.guard = guard;
    }

    /** Called for every {@code @Scheduled} of every bean, be its method reactive or not. */
    @Override
    protected void processScheduled(Scheduled scheduled, Method method, Object bean) {
        if (LeaderOnlyBeanPostProcessor.isBegunOnly(method, bean)) {
            Registration calledOnly = new Registration(jobs.called(method, AopProxyUtils.ultimateTargetClass(bean)), true);
            registrar.with(calledOnly, () -> super.processScheduled(scheduled, method, bean));
            return;
        }
        LeaderOnlyJob job = jobs.scheduled(method, AopProxyUtils.ultimateTargetClass(bean));
        if (!SUBSCRIBES || !isReactive(method)) {
            registrar.with(new Registration(job, false), () -> super.processScheduled(scheduled, method, bean));
        } else if (Publishers.HAVE_REACTOR) {
            Publishers.Scheduled publisher = new Publishers.Scheduled(guard, job, method, bean);
            synchronized (inPlaceOf) {
                inPlaceOf.computeIfAbsent(bean, each -> new ArrayList<>()).add(publisher);
            }
            registrar.with(new Registration(job, true),
                    () -> super.processScheduled(scheduled, Publishers.Scheduled.SUBSCRIBED_TO, publisher));
        } else {
            unguarded.add(job);
            registrar.with(new Registration(job, true), () -> super.processScheduled(scheduled, method, bean));
        }
    }

    private static boolean isReactive(Method method) {
        return KotlinDetector.isSuspendingFunction(method) || Publishers.isPublisher(method.getReturnType());
    }

    @Override
    public void afterSingletonsInstantiated() {
        super.afterSingletonsInstantiated();
        for (LeaderOnlyJob job : unguarded) {
            if (guard.get().isLeaderOnly(job)) {
                throw new IllegalStateException(Publishers.needsReactor(job));
            }
        }
    }

    @Override
    public boolean requiresDestruction(Object bean) {
        synchronized (inPlaceOf) {
            return inPlaceOf.containsKey(bean) || super.requiresDestruction(bean);
        }
    }

    @Override
    public void postProcessBeforeDestruction(Object bean, String beanName) {
        List<Object> publishers;
        synchronized (inPlaceOf) {
            publishers = inPlaceOf.remove(bean);
        }
        if (publishers != null) {
            publishers.forEach(publisher -> super.postProcessBeforeDestruction(publisher, beanName));
        }
        super.postProcessBeforeDestruction(bean, beanName);
    }
}
