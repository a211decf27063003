package io.clusterleader.spring;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.Pointcut;
import org.springframework.aop.framework.AopInfrastructureBean;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.framework.autoproxy.AbstractBeanFactoryAwareAdvisingPostProcessor;
import org.springframework.aop.support.AopUtils;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.StaticMethodMatcherPointcut;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.core.KotlinDetector;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.scheduling.annotation.Schedules;
import org.springframework.util.ReflectionUtils;
import org.springframework.util.function.SingletonSupplier;

/**
 * Has calls of leader-only methods go through {@link LeaderOnlyInterceptor}, and refuses beans of which they would not.
 *
 * <p>Among them are scheduled methods that are {@code @Async}: what their scheduler calls only begins them.
 */
final class LeaderOnlyBeanPostProcessor extends AbstractBeanFactoryAwareAdvisingPostProcessor {
    private static final long serialVersionUID = 1L;

    /** Whether anything of a class is to be guarded. */
    private final transient Map<Class<?>, Boolean> concerned = new ConcurrentHashMap<>();
    /** The classes whose jobs are known: there may be a bean of them for each request. */
    private final transient Set<Class<?>> added = ConcurrentHashMap.newKeySet();
    private transient @Nullable Supplier<LeaderOnlyJobs> jobs;

    LeaderOnlyBeanPostProcessor() {
        setBeforeExistingAdvisors(true); // Outside of transactions. What is asynchronous comes later, and so is outside of this.
        setProxyTargetClass(true);
        setOrder(LOWEST_PRECEDENCE - 1); // The proxy is what is scheduled.
    }

    @Override
    public void setBeanFactory(BeanFactory beanFactory) {
        super.setBeanFactory(beanFactory);
        Supplier<Guard> guard = SingletonSupplier.of(() -> beanFactory.getBean(Guard.class));
        Supplier<LeaderOnlyJobs> known = SingletonSupplier.of(() -> beanFactory.getBean(LeaderOnlyJobs.class));
        advisor = new DefaultPointcutAdvisor(pointcut(), new LeaderOnlyInterceptor(guard, known));
        jobs = known;
    }

    private static Pointcut pointcut() {
        return new StaticMethodMatcherPointcut() {
            @Override
            public boolean matches(Method method, Class<?> targetClass) {
                return isIntercepted(method, targetClass);
            }
        };
    }

    /** Whether a scheduled method is only begun by the call of its scheduler, so that whoever does it asks. */
    static boolean isBegunOnly(Method method, Object bean) {
        Class<?> targetClass = AopProxyUtils.ultimateTargetClass(bean);
        return AopUtils.isAopProxy(bean) && isAsync(method, targetClass) && isIntercepted(method, targetClass);
    }

    private static boolean isIntercepted(Method method, Class<?> targetClass) {
        if (method.getDeclaringClass() == Object.class || method.isSynthetic() || !isOpen(method)) {
            return false; // A private scheduled method needs no proxy, and with one Spring could not call it.
        }
        return switch (Rule.of(method, targetClass).where()) {
            case LEADER_ONLY -> true;
            case EVERY_INSTANCE -> false;
            case UNSAID -> isScheduled(method, targetClass) && isAsync(method, targetClass);
        };
    }

    private static boolean isScheduled(Method method, Class<?> targetClass) {
        Method specific = AopUtils.getMostSpecificMethod(method, targetClass);
        return !AnnotatedElementUtils.getMergedRepeatableAnnotations(specific, Scheduled.class, Schedules.class).isEmpty();
    }

    private static boolean isAsync(Method method, Class<?> targetClass) {
        return AnnotatedElementUtils.hasAnnotation(AopUtils.getMostSpecificMethod(method, targetClass), Async.class)
                || AnnotatedElementUtils.hasAnnotation(targetClass, Async.class);
    }

    private static boolean isOpen(Method method) {
        return (method.getModifiers() & (Modifier.PRIVATE | Modifier.FINAL | Modifier.STATIC)) == 0;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String beanName) {
        if (bean instanceof AopInfrastructureBean) {
            return bean;
        }
        Class<?> targetClass = AopProxyUtils.ultimateTargetClass(bean);
        if (!concerned.computeIfAbsent(targetClass, LeaderOnlyBeanPostProcessor::isConcerned)) {
            return bean;
        }
        Object processed = super.postProcessAfterInitialization(bean, beanName);
        refuseWhatIsNotIntercepted(processed, targetClass, beanName);
        if (added.add(targetClass)) {
            addJobs(targetClass);
        }
        return processed;
    }

    /** Known before they are called, so that the first call finds this instance standing in the election that they name. */
    private void addJobs(Class<?> targetClass) {
        Supplier<LeaderOnlyJobs> known = Objects.requireNonNull(jobs, "jobs: setBeanFactory comes first");
        MethodIntrospector.selectMethods(targetClass, (ReflectionUtils.MethodFilter) method -> isIntercepted(method, targetClass)
                && !isScheduled(method, targetClass)).stream()
                .sorted(Comparator.comparing(Method::toString)) // Overloads have the same numbers on every instance.
                .forEach(method -> known.get().called(method, targetClass));
    }

    private static boolean isConcerned(Class<?> type) {
        return !MethodIntrospector.selectMethods(type,
                (ReflectionUtils.MethodFilter) method -> isIntercepted(method, type) || mustBeIntercepted(method, type)).isEmpty();
    }

    /** What nobody may find unguarded: what is annotated itself, and what a proxy of an annotated class hides from itself. */
    private static boolean mustBeIntercepted(Method method, Class<?> type) {
        int modifiers = method.getModifiers();
        boolean escapes = Modifier.isFinal(modifiers) && !Modifier.isPrivate(modifiers) && !Modifier.isStatic(modifiers)
                && method.getDeclaringClass() != Object.class;
        return AnnotatedElementUtils.hasAnnotation(AopUtils.getMostSpecificMethod(method, type), LeaderOnly.class)
                || escapes && Rule.of(method, type).where() == Rule.Where.LEADER_ONLY;
    }

    private static void refuseWhatIsNotIntercepted(Object bean, Class<?> targetClass, String beanName) {
        Set<Method> leaderOnly = MethodIntrospector.selectMethods(targetClass,
                (ReflectionUtils.MethodFilter) method -> mustBeIntercepted(method, targetClass));
        for (Method method : leaderOnly) {
            if (isScheduled(method, targetClass)) {
                continue; // Its scheduler asks.
            }
            String why = whyNotIntercepted(bean, method);
            if (why != null) {
                throw new IllegalStateException("@LeaderOnly on " + targetClass.getName() + "#" + method.getName() + " of the bean \""
                        + beanName + "\" would have no effect: " + why);
            }
        }
    }

    private static @Nullable String whyNotIntercepted(Object bean, Method method) {
        if (KotlinDetector.isSuspendingFunction(method)) {
            return "it is a suspending function. Have it return a Mono, or ask ClusterLeaderService in it.";
        }
        if (!isOpen(method)) {
            return "it is private, final or static, which no proxy can intercept. Make it an instance method that is neither.";
        }
        if (!AopUtils.isAopProxy(bean)) {
            return "the bean is not proxied. Let Spring make it as an ordinary bean of a class that is not final.";
        }
        try {
            AopUtils.selectInvocableMethod(method, bean.getClass());
            return null;
        } catch (IllegalStateException notInAnInterface) {
            return "the bean is proxied by its interfaces, which do not have this method. Add it to one of them, or have the"
                    + " class be proxied: proxyTargetClass = true, or spring.aop.proxy-target-class=true.";
        }
    }
}
