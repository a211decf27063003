package io.clusterleader.spring.lines;

import io.clusterleader.spring.EveryInstance;
import io.clusterleader.spring.LeaderOnly;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Lazy;
import org.springframework.context.annotation.Scope;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.scheduling.annotation.Schedules;
import org.springframework.scheduling.annotation.SchedulingConfigurer;
import org.springframework.scheduling.config.IntervalTask;
import org.springframework.scheduling.support.PeriodicTrigger;

/** Scheduled jobs of every kind that each line of Spring has. */
@Configuration
@EnableScheduling
@EnableAsync
@Import({ScheduledJobs.Plain.class, ScheduledJobs.Final.class, ScheduledJobs.Inheriting.class, ScheduledJobs.Lazily.class,
    ScheduledJobs.Prototype.class, ScheduledJobs.Proxied.class, ScheduledJobs.Asynchronous.class, ScheduledJobs.Everywhere.class})
class ScheduledJobs {
    static final int OFTEN = 50;

    /** What {@link EveryInstance} says. */
    static final String[] EVERYWHERE = {"every instance"};

    /** All others. */
    static final String[] GUARDED = {
        "public", "package-private", "private", "final method", "cron", "fixed delay", "two schedules", "final class", "inherited",
        "of an interface", "lazy", "prototype", "proxied", "asynchronous", "leader-only in a class for every instance",
        "configurer's interval", "configurer's trigger"
    };

    @Bean
    Ran ran() {
        return new Ran();
    }

    @Bean
    Executor taskExecutor() {
        return Executors.newCachedThreadPool();
    }

    @Bean
    SchedulingConfigurer configurer(Ran ran) {
        return registrar -> {
            registrar.addFixedRateTask(new IntervalTask(() -> ran.ran("configurer's interval"), OFTEN));
            registrar.addTriggerTask(() -> ran.ran("configurer's trigger"), new PeriodicTrigger(OFTEN));
        };
    }

    @Bean
    Object usesWhatIsLazy(Lazily lazily, Prototype prototype) {
        return "whatever";
    }

    static class Plain {
        private final Ran ran;

        Plain(Ran ran) {
            this.ran = ran;
        }

        @Scheduled(fixedRate = OFTEN)
        public void isPublic() {
            ran.ran("public");
        }

        @Scheduled(fixedRate = OFTEN)
        void isPackagePrivate() {
            ran.ran("package-private");
        }

        @Scheduled(fixedRate = OFTEN)
        private void isPrivate() {
            ran.ran("private");
        }

        @Scheduled(fixedRate = OFTEN)
        public final void isFinal() {
            ran.ran("final method");
        }

        @Scheduled(cron = "* * * * * *")
        void cron() {
            ran.ran("cron");
        }

        @Scheduled(fixedDelay = OFTEN)
        void fixedDelay() {
            ran.ran("fixed delay");
        }

        @Schedules({@Scheduled(fixedRate = OFTEN), @Scheduled(fixedDelay = OFTEN)})
        void twoSchedules() {
            ran.ran("two schedules");
        }
    }

    static final class Final {
        private final Ran ran;

        Final(Ran ran) {
            this.ran = ran;
        }

        @Scheduled(fixedRate = OFTEN)
        void run() {
            ran.ran("final class");
        }
    }

    abstract static class Inherited {
        abstract Ran ran();

        @Scheduled(fixedRate = OFTEN)
        void inherited() {
            ran().ran("inherited");
        }
    }

    interface Interface {
        Ran theRan();

        @Scheduled(fixedRate = OFTEN)
        default void ofAnInterface() {
            theRan().ran("of an interface");
        }
    }

    static class Inheriting extends Inherited implements Interface {
        private final Ran ran;

        Inheriting(Ran ran) {
            this.ran = ran;
        }

        @Override
        Ran ran() {
            return ran;
        }

        @Override
        public Ran theRan() {
            return ran;
        }
    }

    @Lazy
    static class Lazily {
        private final Ran ran;

        Lazily(Ran ran) {
            this.ran = ran;
        }

        @Scheduled(fixedRate = OFTEN)
        void run() {
            ran.ran("lazy");
        }
    }

    @Scope("prototype")
    static class Prototype {
        private final Ran ran;

        Prototype(Ran ran) {
            this.ran = ran;
        }

        @Scheduled(fixedRate = OFTEN)
        void run() {
            ran.ran("prototype");
        }
    }

    /** Its {@code @LeaderOnly} method has it proxied, and the schedule is the proxy's. */
    static class Proxied {
        private final Ran ran;

        Proxied(Ran ran) {
            this.ran = ran;
        }

        @LeaderOnly
        @Scheduled(fixedRate = OFTEN)
        void run() {
            ran.ran("proxied");
        }
    }

    /** What its scheduler calls returns at once; the work goes on. */
    static class Asynchronous {
        private final Ran ran;

        Asynchronous(Ran ran) {
            this.ran = ran;
        }

        @Async
        @Scheduled(fixedRate = OFTEN)
        public void run() {
            ran.ran("asynchronous");
        }
    }

    @EveryInstance
    static class Everywhere {
        private final Ran ran;

        Everywhere(Ran ran) {
            this.ran = ran;
        }

        @Scheduled(fixedRate = OFTEN)
        void run() {
            ran.ran("every instance");
        }

        @LeaderOnly
        @Scheduled(fixedRate = OFTEN)
        void onTheLeader() {
            ran.ran("leader-only in a class for every instance");
        }
    }
}
