package io.clusterleader.spring.lines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import io.clusterleader.ClusterLeader;
import io.clusterleader.spring.Elections;
import io.clusterleader.spring.EveryInstance;
import io.clusterleader.spring.LeaderOnly;
import io.clusterleader.spring.LeaderOnlyJob;
import io.clusterleader.spring.LeaderOnlyJobs;
import io.clusterleader.spring.NotLeaderException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Scope;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Methods that are called by whomever. */
class LeaderOnlyTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private static Rival rival;
    private static ConfigurableApplicationContext application;

    @BeforeAll
    static void start() throws InterruptedException {
        rival = Rival.leading("leader-only-others");
        application = start("leader-only", Calls.class);
        assertThat(application.getBean(Elections.class).own().orElseThrow().await(LONG)).isTrue();
    }

    @AfterAll
    static void close() {
        application.close();
        rival.close();
    }

    private static ConfigurableApplicationContext start(String election, Class<?> source) {
        return new SpringApplicationBuilder(source, ScheduledGuardTest.Auto.class)
                .web(WebApplicationType.NONE)
                .properties("spring.application.name=" + election, "followed=leader-only-others", "cluster-leader.instance-name=application")
                .run();
    }

    @Test
    void onTheLeaderCallsGoThrough() throws Exception {
        Methods led = application.getBean(Led.class);
        Ran ran = application.getBean(Ran.class);
        led.nothing();
        assertThat(ran.times("nothing")).isEqualTo(1);
        assertThat(led.optional()).contains("ran");
        assertThat(led.optionalInt()).hasValue(1);
        assertThat(led.future().get(1, TimeUnit.MINUTES)).isEqualTo("ran");
        assertThat(led.stage().toCompletableFuture().get(1, TimeUnit.MINUTES)).isEqualTo("ran");
        assertThat(led.asynchronous().get(1, TimeUnit.MINUTES)).isEqualTo("ran");
        assertThat(led.mono().block()).isEqualTo("ran");
        assertThat(led.flux().collectList().block()).containsExactly("ran", "ran");
        assertThat(led.number()).isEqualTo(1);
        assertThatThrownBy(led::failing).isInstanceOf(IllegalArgumentException.class).hasMessage("on purpose");
        assertThat(led.everywhere()).isEqualTo("ran");
        assertThat(job("Led#failing").lastEnd()).isPresent();
    }

    @Test
    void elsewhereTheyAreLeftOut() throws Exception {
        ClusterLeader others = application.getBean(Elections.class).all().stream()
                .filter(election -> election.status().election().equals("leader-only-others")).findAny().orElseThrow(); // Before any call.
        await().atMost(LONG).until(() -> others.status().leader().isPresent());
        Methods followed = application.getBean(Followed.class);
        followed.nothing();
        assertThat(followed.optional()).isEmpty();
        assertThat(followed.optionalInt()).isEmpty();
        assertThat(followed.future().get()).isNull();
        assertThat(followed.stage().toCompletableFuture().get()).isNull();
        assertThat(followed.asynchronous().get(1, TimeUnit.MINUTES)).isNull();
        assertThat(followed.mono().block()).isNull();
        assertThat(followed.flux().collectList().block()).isEmpty();
        assertThatThrownBy(followed::number)
                .asInstanceOf(type(NotLeaderException.class))
                .satisfies(refused -> {
                    assertThat(refused.election()).isEqualTo("leader-only-others");
                    assertThat(refused.leader()).isEqualTo(Optional.of("rival"));
                    assertThat(refused).hasMessageContaining("Followed#number runs on the leader only")
                            .hasMessageContaining("led by rival");
                });
        assertThat(followed.everywhere()).isEqualTo("ran");
        assertThat(application.getBean(Ran.class).jobs()).doesNotContain("nothing, followed");
        LeaderOnlyJob job = job("Followed#nothing");
        assertThat(job.election()).isEqualTo("leader-only-others");
        assertThat(job.skipped()).isPositive();
        assertThat(job.runs()).isZero();

        Mono<String> subscribedToLater = followed.mono();
        rival.close();
        await().atMost(LONG).untilAsserted(() -> assertThat(subscribedToLater.block()).isEqualTo("ran"));
    }

    private static LeaderOnlyJob job(String id) {
        return application.getBean(LeaderOnlyJobs.class).all().stream().filter(job -> job.id().endsWith(id)).findAny().orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "Private,private",
        "FinalMethod,final",
        "FinalMethodOfSuch,final",
        "Static,static",
        "FinalClass,final",
        "ByItsInterfaces,proxyTargetClass",
        "Both,both @LeaderOnly and @EveryInstance",
    })
    void whatWouldNotBeGuardedFailsTheStart(String bean, String why) throws ClassNotFoundException {
        Class<?> source = Class.forName(LeaderOnlyTest.class.getName() + "$" + bean);
        assertThatThrownBy(() -> start("refused", source).close()).hasStackTraceContaining(why);
    }

    @Test
    void aPrototypeThatWouldNotBeGuardedFailsWhenItIsMade() {
        try (ConfigurableApplicationContext lazily = start("refused-later", LazilyPrivate.class)) {
            assertThatThrownBy(() -> lazily.getBean(LazilyPrivate.Bad.class)).hasStackTraceContaining("would have no effect");
        }
    }

    interface Methods {
        void nothing();

        Optional<String> optional();

        OptionalInt optionalInt();

        CompletableFuture<String> future();

        CompletionStage<String> stage();

        Future<String> asynchronous();

        Mono<String> mono();

        Flux<String> flux();

        int number();

        String failing();

        String everywhere();
    }

    abstract static class AllMethods implements Methods {
        private final Ran ran;
        private final String name;

        AllMethods(Ran ran, String name) {
            this.ran = ran;
            this.name = name;
        }

        private String run(String method) {
            ran.ran(method + name);
            return "ran";
        }

        @Override
        public void nothing() {
            run("nothing");
        }

        @Override
        public Optional<String> optional() {
            return Optional.of(run("optional"));
        }

        @Override
        public OptionalInt optionalInt() {
            return OptionalInt.of(run("optional int").length() - 2);
        }

        @Override
        public CompletableFuture<String> future() {
            return CompletableFuture.completedFuture(run("future"));
        }

        @Override
        public CompletionStage<String> stage() {
            return CompletableFuture.completedFuture(run("stage"));
        }

        @Override
        @Async
        public Future<String> asynchronous() {
            return CompletableFuture.completedFuture(run("asynchronous"));
        }

        @Override
        public Mono<String> mono() {
            return Mono.just(run("mono"));
        }

        @Override
        public Flux<String> flux() {
            return Flux.just(run("flux"), "ran");
        }

        @Override
        public int number() {
            return run("number").length() - 2;
        }

        @Override
        public String failing() {
            throw new IllegalArgumentException("on purpose");
        }

        @Override
        @EveryInstance
        public String everywhere() {
            return run("everywhere");
        }
    }

    @LeaderOnly
    static class Led extends AllMethods {
        Led(Ran ran) {
            super(ran, "");
        }
    }

    @LeaderOnly("${followed}")
    static class Followed extends AllMethods {
        Followed(Ran ran) {
            super(ran, ", followed");
        }
    }

    @Configuration
    @EnableAsync
    @Import({Ran.class, Led.class, Followed.class})
    static class Calls {
        @Bean
        Executor taskExecutor() {
            return Executors.newCachedThreadPool();
        }
    }

    static class Private {
        @LeaderOnly
        private void work() {}
    }

    static class FinalMethod {
        @LeaderOnly
        public final void work() {}
    }

    @LeaderOnly
    static class FinalMethodOfSuch {
        public final void work() {}
    }

    static class Static {
        @LeaderOnly
        static void work() {}
    }

    static final class FinalClass {
        @LeaderOnly
        public void work() {}
    }

    @Configuration
    static class Both {
        @Bean
        Object both() {
            return new Object() {
                @LeaderOnly
                @EveryInstance
                public void work() {}
            };
        }
    }

    @Configuration
    static class ByItsInterfaces {
        @Bean
        Runnable byItsInterfaces() {
            return (Runnable) new ProxyFactory(new Work()).getProxy();
        }
    }

    static class Work implements Runnable {
        @Override
        public void run() {}

        @LeaderOnly
        public void work() {}
    }

    @Configuration
    static class LazilyPrivate {
        @Bean
        @Scope("prototype")
        Bad bad() {
            return new Bad();
        }

        static class Bad {
            @LeaderOnly
            private void work() {}
        }
    }
}
