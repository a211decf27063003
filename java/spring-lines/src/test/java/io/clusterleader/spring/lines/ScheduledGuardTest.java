package io.clusterleader.spring.lines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.clusterleader.spring.Elections;
import io.clusterleader.spring.LeaderOnlyJob;
import io.clusterleader.spring.LeaderOnlyJobs;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.scheduling.annotation.ScheduledAnnotationBeanPostProcessor;

class ScheduledGuardTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    static ConfigurableApplicationContext start(String election, String leaderOnly, Class<?>... sources) {
        return new SpringApplicationBuilder(sources)
                .web(WebApplicationType.NONE)
                .properties("spring.application.name=" + election, "cluster-leader.scheduled.leader-only=" + leaderOnly,
                        "cluster-leader.instance-name=application", "spring.task.scheduling.pool.size=2")
                .run();
    }

    /** Starts a standby, sees what runs and what is skipped, makes it the leader, and sees the rest run. */
    static void jobsRunOnTheLeaderOnly(String election, List<String> guarded, List<String> everywhere, Class<?>... sources)
            throws InterruptedException {
        ConfigurableApplicationContext application = null;
        try (Rival rival = Rival.leading(election)) {
            application = start(election, "true", sources);
            Ran ran = application.getBean(Ran.class);
            LeaderOnlyJobs jobs = application.getBean(LeaderOnlyJobs.class);
            await().atMost(LONG).until(() -> ran.jobs().containsAll(everywhere));
            await().atMost(LONG).untilAsserted(() -> assertThat(skipped(jobs)).hasSizeGreaterThanOrEqualTo(guarded.size()));
            assertThat(ran.jobs()).as("what ran on a standby").containsExactlyInAnyOrderElementsOf(everywhere);
            assertThat(jobs.all()).extracting(LeaderOnlyJob::id).doesNotHaveDuplicates().allSatisfy(
                    id -> assertThat(id).matches("[\\w.$]+(#\\w+)?(@\\d)?"));
        }
        Ran ran = application.getBean(Ran.class);
        List<String> all = Stream.concat(guarded.stream(), everywhere.stream()).collect(Collectors.toList());
        await().atMost(LONG).untilAsserted(() -> assertThat(ran.jobs()).containsExactlyInAnyOrderElementsOf(all));
        application.close();
    }

    private static List<LeaderOnlyJob> skipped(LeaderOnlyJobs jobs) {
        return jobs.all().stream().filter(job -> job.skipped() > 0).collect(Collectors.toList());
    }

    @Test
    void everyKindOfScheduledJobRunsOnTheLeaderOnly() throws InterruptedException {
        jobsRunOnTheLeaderOnly("every-kind", List.of(ScheduledJobs.GUARDED), List.of(ScheduledJobs.EVERYWHERE),
                ScheduledJobs.class, Auto.class);
    }

    @Test
    void withoutThePropertyOnlyWhatIsAnnotatedIsGuarded() throws InterruptedException {
        try (Rival rival = Rival.leading("annotated");
                ConfigurableApplicationContext application = start("annotated", "false", ScheduledJobs.class, Auto.class)) {
            Ran ran = application.getBean(Ran.class);
            LeaderOnlyJobs jobs = application.getBean(LeaderOnlyJobs.class);
            await().atMost(LONG).until(() -> ran.jobs().size() == ScheduledJobs.GUARDED.length + 1 - 2);
            await().atMost(LONG).until(() -> skipped(jobs).size() == 2);
            assertThat(ran.jobs()).doesNotContain("proxied", "leader-only in a class for every instance");
        }
    }

    @Test
    void aRunIsCountedOnceAndKnowsItsTimes() throws InterruptedException {
        try (ConfigurableApplicationContext application = start("counted", "true", ScheduledJobs.class, Auto.class)) {
            assertThat(application.getBean(Elections.class).own().orElseThrow().await(LONG)).isTrue();
            Ran ran = application.getBean(Ran.class);
            await().atMost(LONG).until(() -> ran.times("proxied") > 3 && ran.times("asynchronous") > 3);
            LeaderOnlyJobs jobs = application.getBean(LeaderOnlyJobs.class);
            application.close();
            assertThat(runs(jobs, "Proxied#run")).isEqualTo(ran.times("proxied"));
            assertThat(runs(jobs, "Asynchronous#run")).isEqualTo(ran.times("asynchronous"));
            assertThat(runs(jobs, "Plain#twoSchedules")).isEqualTo(ran.times("two schedules"));
            assertThat(jobs.all()).filteredOn(job -> job.runs() > 0).allSatisfy(
                    job -> assertThat(job.lastEnd().orElseThrow()).isAfterOrEqualTo(job.lastStart().orElseThrow()));
        }
    }

    private static long runs(LeaderOnlyJobs jobs, String name) {
        return jobs.all().stream().filter(job -> job.id().contains(name)).mapToLong(LeaderOnlyJob::runs).sum();
    }

    @Test
    void aProcessorThatGuardsNothingFailsTheStart() {
        assertThatThrownBy(() -> start("unguarded", "true", OwnProcessor.class, Auto.class))
                .hasStackTraceContaining("The bean \"own\" of the type " + Processor.class.getName() + " schedules methods");
    }

    @EnableAutoConfiguration
    static class Auto {}

    static class OwnProcessor {
        @Bean
        static Processor own() {
            return new Processor();
        }
    }

    static class Processor extends ScheduledAnnotationBeanPostProcessor {}
}
