package io.clusterleader.spring;

import java.lang.reflect.Method;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.aop.support.AopUtils;

/** Leaves out calls of leader-only methods where this instance does not lead. */
final class LeaderOnlyInterceptor implements MethodInterceptor {
    private final Supplier<Guard> guard;
    private final Supplier<LeaderOnlyJobs> jobs;

    LeaderOnlyInterceptor(Supplier<Guard> guard, Supplier<LeaderOnlyJobs> jobs) {
        this.guard = guard;
        this.jobs = jobs;
    }

    @Override
    public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
        Method method = invocation.getMethod();
        Object target = invocation.getThis();
        Class<?> targetClass = target == null ? method.getDeclaringClass() : AopUtils.getTargetClass(target);
        Run caller = Run.ofThisThread();
        if (caller != null && caller.job.isOf(method, targetClass)) {
            return invocation.proceed(); // The scheduler's call: it has asked.
        }
        LeaderOnlyJob job = jobs.get().called(method, targetClass);
        if (!guard.get().isLeaderOnly(job)) {
            return invocation.proceed();
        }
        if (Publishers.isPublisher(method.getReturnType())) {
            MethodInvocation original = ((ProxyMethodInvocation) invocation).invocableClone();
            return Publishers.guarded(guard.get(), job, method.getReturnType(),
                    () -> ((ProxyMethodInvocation) original).invocableClone().proceed());
        }
        return call(job, invocation);
    }

    private @Nullable Object call(LeaderOnlyJob job, MethodInvocation invocation) throws Throwable {
        Guard guarding = guard.get();
        Class<?> returnType = invocation.getMethod().getReturnType();
        Run run = guarding.begin(job);
        if (run == null) {
            return NotLeading.value(job, returnType, () -> guarding.election(job));
        }
        boolean goesOn = false;
        try {
            Object result = run.within(invocation::proceed);
            goesOn = goesOn(guarding, run, result);
            return result;
        } finally {
            if (!goesOn) {
                guarding.end(run);
            }
        }
    }

    /** Of a future the run lasts until it is done. */
    private static boolean goesOn(Guard guarding, Run run, @Nullable Object result) {
        if (!(result instanceof CompletionStage<?> stage)) {
            return false;
        }
        run.goesOn(() -> {
            if (stage instanceof Future<?> future) {
                future.cancel(true);
            }
        });
        stage.whenComplete((value, failure) -> guarding.end(run));
        return true;
    }
}
