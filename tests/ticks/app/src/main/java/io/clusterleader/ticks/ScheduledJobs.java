package io.clusterleader.ticks;

import net.javacrumbs.shedlock.spring.annotation.SchedulerLock;
import org.springframework.context.annotation.Profile;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * The jobs as Spring schedules them.
 *
 * <p>{@link SchedulerLock} means something to ShedLock alone. Its durations are in the proportion of the example in its
 * README, 14 of 15 minutes: the lock is kept for nearly a period, so that no other instance runs the same tick, and no
 * longer where its holder dies.
 */
@Component
@Profile("!quartz & !db-scheduler")
@EnableScheduling
class ScheduledJobs {
    private final Runs runs;
    private final Permission permission;

    ScheduledJobs(Runs runs, Permission permission) {
        this.runs = runs;
        this.permission = permission;
        Job.all().forEach(runs::declare);
    }

    private void run(String job) {
        if (permission.mayRun()) {
            runs.run(job);
        }
    }

    @Scheduled(cron = "* * * * * *")
    @SchedulerLock(name = "cron-0", lockAtMostFor = "930ms", lockAtLeastFor = "930ms")
    public void cron0() {
        run("cron-0");
    }

    @Scheduled(cron = "* * * * * *")
    @SchedulerLock(name = "cron-1", lockAtMostFor = "930ms", lockAtLeastFor = "930ms")
    public void cron1() {
        run("cron-1");
    }

    @Scheduled(cron = "* * * * * *")
    @SchedulerLock(name = "cron-2", lockAtMostFor = "930ms", lockAtLeastFor = "930ms")
    public void cron2() {
        run("cron-2");
    }

    @Scheduled(cron = "* * * * * *")
    @SchedulerLock(name = "cron-3", lockAtMostFor = "930ms", lockAtLeastFor = "930ms")
    public void cron3() {
        run("cron-3");
    }

    @Scheduled(cron = "* * * * * *")
    @SchedulerLock(name = "cron-4", lockAtMostFor = "930ms", lockAtLeastFor = "930ms")
    public void cron4() {
        run("cron-4");
    }

    @Scheduled(cron = "* * * * * *")
    @SchedulerLock(name = "cron-5", lockAtMostFor = "930ms", lockAtLeastFor = "930ms")
    public void cron5() {
        run("cron-5");
    }

    @Scheduled(cron = "* * * * * *")
    @SchedulerLock(name = "cron-6", lockAtMostFor = "930ms", lockAtLeastFor = "930ms")
    public void cron6() {
        run("cron-6");
    }

    @Scheduled(cron = "* * * * * *")
    @SchedulerLock(name = "cron-7", lockAtMostFor = "930ms", lockAtLeastFor = "930ms")
    public void cron7() {
        run("cron-7");
    }

    @Scheduled(cron = "* * * * * *")
    @SchedulerLock(name = "cron-8", lockAtMostFor = "930ms", lockAtLeastFor = "930ms")
    public void cron8() {
        run("cron-8");
    }

    @Scheduled(cron = "* * * * * *")
    @SchedulerLock(name = "cron-9", lockAtMostFor = "930ms", lockAtLeastFor = "930ms")
    public void cron9() {
        run("cron-9");
    }

    @Scheduled(fixedRate = 500)
    @SchedulerLock(name = "rate-0", lockAtMostFor = "465ms", lockAtLeastFor = "465ms")
    public void rate0() {
        run("rate-0");
    }

    @Scheduled(fixedRate = 500)
    @SchedulerLock(name = "rate-1", lockAtMostFor = "465ms", lockAtLeastFor = "465ms")
    public void rate1() {
        run("rate-1");
    }

    @Scheduled(fixedRate = 500)
    @SchedulerLock(name = "rate-2", lockAtMostFor = "465ms", lockAtLeastFor = "465ms")
    public void rate2() {
        run("rate-2");
    }

    @Scheduled(fixedRate = 500)
    @SchedulerLock(name = "rate-3", lockAtMostFor = "465ms", lockAtLeastFor = "465ms")
    public void rate3() {
        run("rate-3");
    }

    @Scheduled(fixedRate = 500)
    @SchedulerLock(name = "rate-4", lockAtMostFor = "465ms", lockAtLeastFor = "465ms")
    public void rate4() {
        run("rate-4");
    }

    @Scheduled(fixedDelay = 300)
    @SchedulerLock(name = "delay-0", lockAtMostFor = "280ms", lockAtLeastFor = "280ms")
    public void delay0() {
        run("delay-0");
    }

    @Scheduled(fixedDelay = 300)
    @SchedulerLock(name = "delay-1", lockAtMostFor = "280ms", lockAtLeastFor = "280ms")
    public void delay1() {
        run("delay-1");
    }

    @Scheduled(fixedDelay = 300)
    @SchedulerLock(name = "delay-2", lockAtMostFor = "280ms", lockAtLeastFor = "280ms")
    public void delay2() {
        run("delay-2");
    }

    @Scheduled(fixedDelay = 300)
    @SchedulerLock(name = "delay-3", lockAtMostFor = "280ms", lockAtLeastFor = "280ms")
    public void delay3() {
        run("delay-3");
    }

    @Scheduled(cron = "*/5 * * * * *")
    @SchedulerLock(name = "long", lockAtMostFor = "4650ms", lockAtLeastFor = "4650ms")
    public void longOne() {
        run("long");
    }
}
