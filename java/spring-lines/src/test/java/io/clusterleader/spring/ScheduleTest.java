package io.clusterleader.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.clusterleader.Ledger;
import io.clusterleader.spring.LastTick.State;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.scheduling.support.CronExpression;
import org.springframework.scheduling.support.CronTrigger;

/** What is due, and what is covered, of every kind of schedule. Times of day are those of 10 January 2026. */
class ScheduleTest {
    private static Instant at(String time) {
        return Instant.parse(time.contains("T") ? time + "Z" : "2026-01-10T" + time + "Z");
    }

    private static Schedule cron(String expression) {
        return new Schedule.Planned(expression, new PlannedInstants(new CronTrigger(expression, ZoneOffset.UTC)));
    }

    private static LastTick last(State state, Instant planned, Duration startedAgo, Duration endedAgo) {
        return new LastTick(state, 0, planned, startedAgo, endedAgo);
    }

    @ParameterizedTest
    @CsvSource({
        "0 0 2 * * *, 2026-01-09T02:00:00, 01:59:59, , 0",
        "0 0 2 * * *, 2026-01-09T02:00:00, 02:00:00, 02:00:00, 1",
        "0 0 2 * * *, 2026-01-09T02:00:00, 23:00:00, 02:00:00, 1",
        "0 0 2 * * *, 2026-01-05T02:00:00, 01:00:00, 2026-01-09T02:00:00, 4",
        "0 0 2 * * *, 02:00:00, 02:00:00, , 0",
        "* * * * * *, 02:00:00, 02:00:00.999, , 0",
        "* * * * * *, 02:00:00, 02:00:05.5, 02:00:05, 5",
        "* * * * * *, 02:00:07, 02:00:05.5, , 0",
        "0 0 0 29 2 *, 2024-02-29T00:00:00, 12:00:00, , 0",
        "0 0 0 1 1 *, 2020-01-01T00:00:00, 12:00:00, 2026-01-01T00:00:00, 6"
    })
    void whatACronExpressionHasPlannedSinceItsLastTickIsDueAsOne(
            String expression, String lastTick, String now, String due, long ticks) {
        Schedule.Due found = cron(expression).due(last(State.ENDED, at(lastTick), Duration.ZERO, Duration.ZERO), false, at(now));
        if (due == null) {
            assertThat(found).isNull();
            return;
        }
        assertThat(found.tick()).isEqualTo(at(due));
        assertThat(found.overdue()).isEqualTo(Duration.between(at(due), at(now)));
        assertThat(found.ticks()).isEqualTo(ticks);
    }

    @Test
    void aRunThatWasCutShortIsDueAgainWithWhatCameAfterIt() {
        LastTick cut = last(State.STARTED, at("02:00:00"), Duration.ZERO, Duration.ZERO);
        assertThat(cron("0 0 2 * * *").due(cut, true, at("02:30:00")))
                .isEqualTo(new Schedule.Due(Duration.ofMinutes(30), 1, at("02:00:00"), null));
        assertThat(cron("0 0 * * * *").due(cut, true, at("04:30:00")))
                .isEqualTo(new Schedule.Due(Duration.ofMinutes(30), 3, at("04:00:00"), null));
    }

    @ParameterizedTest
    @CsvSource({
        // Fired late, a run is the last tick that its time has come for; early, the one that it was fired for.
        "02:00:00, 02:00:00.003, 02:00:00",
        "02:00:00, 02:00:03.5, 02:00:03",
        "02:00:00, 01:59:59.98, 02:00:00"
    })
    void aRunOfACronJobIsThisTick(String planned, String now, String tick) {
        assertThat(cron("* * * * * *").tick(at(planned), at(now))).isEqualTo(at(tick));
    }

    /** What catches up does not begin then: it would be noted as the tick before, and begin as this one. */
    @ParameterizedTest
    @CsvSource({"02:00:00, ", "02:00:00.9, ", "02:00:00.901, 02:00:01", "02:00:00.999, 02:00:01", "02:00:01, "})
    void aTickOfACronJobIsSoonAfter(String now, String soon) {
        assertThat(cron("* * * * * *").tickSoonAfter(at(now))).isEqualTo(soon == null ? null : at(soon));
        assertThat(new Schedule.FixedRate(Duration.ofSeconds(1)).tickSoonAfter(at(now))).as("has no instants").isNull();
    }

    @ParameterizedTest
    @CsvSource({"02:00:00, true", "02:00:01, true", "02:00:02, false"})
    void aTickUpToTheLastOneIsCovered(String tick, boolean covered) {
        LastTick last = last(State.ENDED, at("02:00:01"), Duration.ZERO, Duration.ZERO);
        assertThat(cron("* * * * * *").covers(last, at(tick))).isEqualTo(covered);
    }

    /** In the nights in which the clocks go forward, and back. */
    @ParameterizedTest
    @CsvSource({"2026-03-27T01:30:00, 2026-03-31T12:00:00", "2026-10-23T00:30:00, 2026-10-27T12:00:00"})
    void daylightSavingIsAsSpringHasIt(String lastTick, String now) {
        ZoneId zone = ZoneId.of("Europe/Berlin");
        String halfPastTwo = "0 30 2 * * *";
        List<Instant> springs = new ArrayList<>();
        for (ZonedDateTime at = CronExpression.parse(halfPastTwo).next(at(lastTick).atZone(zone));
                !at.toInstant().isAfter(at(now)); at = CronExpression.parse(halfPastTwo).next(at)) {
            springs.add(at.toInstant());
        }
        Schedule schedule = new Schedule.Planned("", new PlannedInstants(new CronTrigger(halfPastTwo, zone)));
        Schedule.Due found = schedule.due(last(State.ENDED, at(lastTick), Duration.ZERO, Duration.ZERO), false, at(now));
        assertThat(found.tick()).isEqualTo(springs.get(springs.size() - 1));
        assertThat(found.ticks()).isEqualTo(springs.size()).isBetween(3L, 5L);
    }

    @ParameterizedTest
    @CsvSource({
        // Started so many seconds ago, the last run of a job of each 10 s is overdue by; and if that is let go, the next is in.
        "ENDED, false, 0, -10, 10", "ENDED, false, 4, -6, 6", "ENDED, false, 10, 0, 10", "ENDED, false, 34, 24, 6",
        "ENTERED, false, 4, -6, 6", "STARTED, true, 4, 4, 6"
    })
    void aJobOfAFixedRateKeepsItsPhase(State state, boolean repeat, long startedAgo, long overdue, long otherwiseIn) {
        Schedule.Due due = new Schedule.FixedRate(Duration.ofSeconds(10))
                .due(last(state, null, Duration.ofSeconds(startedAgo), Duration.ZERO), repeat, Instant.EPOCH);
        assertThat(due.overdue()).isEqualTo(Duration.ofSeconds(overdue));
        assertThat(due.otherwiseIn()).isEqualTo(Duration.ofSeconds(otherwiseIn));
    }

    @ParameterizedTest
    @CsvSource({"ENDED, 4, true", "ENDED, 5, false", "STARTED, 4, true", "ENTERED, 0, false"})
    void ofAFixedRateAStartWithinHalfAPeriodIsCovered(State state, long startedAgo, boolean covered) {
        LastTick last = last(state, null, Duration.ofSeconds(startedAgo), Duration.ofSeconds(startedAgo));
        assertThat(new Schedule.FixedRate(Duration.ofSeconds(10)).covers(last, null)).isEqualTo(covered);
    }

    @ParameterizedTest
    @CsvSource({"ENDED, false, 4000, true, -6000", "ENDED, false, 9995, false, -5", "ENDED, false, 12000, false, 2000",
        "STARTED, true, 0, true, 20000", "ENTERED, false, 1000, false, -9000"})
    void ofAFixedDelayItsLastEndCounts(State state, boolean repeat, long endedAgo, boolean covered, long overdue) {
        Schedule schedule = new Schedule.FixedDelay(Duration.ofSeconds(10));
        LastTick last = last(state, null, Duration.ofSeconds(20), Duration.ofMillis(endedAgo));
        assertThat(schedule.covers(last, null)).isEqualTo(covered);
        assertThat(schedule.due(last, repeat, Instant.EPOCH).overdue()).isEqualTo(Duration.ofMillis(overdue));
    }

    @Test
    void whatTheLedgerIsToSaySurvivesIt() {
        LastTick tick = last(State.CUT, at("02:00:00"), Duration.ofSeconds(3), Duration.ofHours(5));
        assertThat(LastTick.of(tick.entry())).isEqualTo(tick);
        LastTick without = last(State.ENTERED, null, Duration.ZERO, Duration.ZERO);
        assertThat(LastTick.of(without.entry())).isEqualTo(without);
        assertThat(LastTick.of(Ledger.Entry.EMPTY)).isNull();
        assertThat(LastTick.of(Ledger.Entry.EMPTY.bytes(new byte[] {1, 9, 0, 0, 0, 0}))).isNull();
        assertThat(LastTick.of(Ledger.Entry.EMPTY.bytes(new byte[] {2, 1, 0, 0, 0, 0}))).isNull();
    }
}
