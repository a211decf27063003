package io.clusterleader.spring;

import java.lang.reflect.Method;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.CoroutinesUtils;
import org.springframework.core.KotlinDetector;
import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.util.Assert;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** Leader-only work that is a publisher: it is asked who leads when it is subscribed to, and a run lasts until its end. */
final class Publishers {
    /** Without Reactor nothing can be guarded here. */
    static final boolean HAVE_REACTOR =
            ClassUtils.isPresent("reactor.core.publisher.Flux", Publishers.class.getClassLoader());

    private Publishers() {}

    /** Whether a method that returns this only describes what is done once it is subscribed to. */
    static boolean isPublisher(Class<?> returnType) {
        ReactiveAdapter adapter = ReactiveAdapterRegistry.getSharedInstance().getAdapter(returnType);
        return adapter != null && adapter.getDescriptor().isDeferred();
    }

    /** What returns that type and, each time it is subscribed to, is empty or what {@code work} returns. */
    static Object guarded(Guard guard, LeaderOnlyJob job, Class<?> type, Run.Work<@Nullable Object, ?> work) {
        if (!HAVE_REACTOR) {
            throw new IllegalStateException(needsReactor(job));
        }
        return WithReactor.guarded(guard, job, type, work);
    }

    private static ReactiveAdapter adapter(Class<?> type) {
        ReactiveAdapter adapter = ReactiveAdapterRegistry.getSharedInstance().getAdapter(type);
        Assert.state(adapter != null, () -> type + " is no publisher");
        return adapter;
    }

    static String needsReactor(LeaderOnlyJob job) {
        return job + " runs on the leader only and is a publisher, which can be guarded with Reactor on the class path only:"
                + " add io.projectreactor:reactor-core, or annotate it with @EveryInstance.";
    }

    /** A class of its own: where there is no Reactor it is not loaded. All above does without. */
    private static final class WithReactor {
        private WithReactor() {}

        static Object guarded(Guard guard, LeaderOnlyJob job, Class<?> type, Run.Work<@Nullable Object, ?> work) {
            return adapter(type).fromPublisher(guarded(guard, job, () -> adapter(type).toPublisher(work.run())));
        }

        static Flux<Object> guarded(Guard guard, LeaderOnlyJob job, Run.Work<Publisher<?>, ?> work) {
            return Flux.defer(() -> {
                Run run = guard.begin(job);
                if (run == null) {
                    return Flux.empty();
                }
                Sinks.Empty<Object> interrupted = Sinks.empty();
                run.goesOn(interrupted::tryEmitEmpty);
                try {
                    return Flux.<Object>from(run.within(work)).takeUntilOther(interrupted.asMono()).doFinally(how -> guard.end(run));
                } catch (Throwable failure) {
                    guard.end(run);
                    return Flux.error(failure);
                }
            });
        }
    }

    /** What is scheduled in place of a reactive method: it is called once, as Spring would, and subscribed to at each tick. */
    static final class Scheduled {
        static final Method SUBSCRIBED_TO = ReflectionUtils.findMethod(Scheduled.class, "publisher");

        private final Supplier<Guard> guard;
        private final LeaderOnlyJob job;
        private final Publisher<?> unguarded;

        Scheduled(Supplier<Guard> guard, LeaderOnlyJob job, Method method, Object bean) {
            this.guard = guard;
            this.job = job;
            this.unguarded = new Run(job).within(() -> publisher(method, bean)); // Not a call of a guarded method: of its scheduler.
        }

        private static Publisher<?> publisher(Method method, Object bean) {
            if (KotlinDetector.isSuspendingFunction(method)) {
                return CoroutinesUtils.invokeSuspendingFunction(method, bean, (Object[]) method.getParameters());
            }
            Method invocable = AopUtils.selectInvocableMethod(method, bean.getClass());
            ReflectionUtils.makeAccessible(invocable);
            return adapter(method.getReturnType()).toPublisher(ReflectionUtils.invokeMethod(invocable, bean));
        }

        /** What Spring subscribes to. */
        Flux<Object> publisher() {
            return Flux.defer(() -> {
                Guard guarding = guard.get();
                return guarding.isLeaderOnly(job) ? WithReactor.guarded(guarding, job, () -> unguarded) : Flux.<Object>from(unguarded);
            });
        }
    }
}
