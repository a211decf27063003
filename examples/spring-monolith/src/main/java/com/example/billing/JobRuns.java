package com.example.billing;

import io.clusterleader.ClusterLeader;
import java.sql.Timestamp;
import java.time.Clock;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Repository;

/** What ran when and on which replica: one row for each run, in the database that all replicas share. */
@Repository
class JobRuns {
    private final JdbcTemplate jdbc;
    private final Clock clock = Clock.systemUTC();

    JobRuns(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
    }

    void record(String job, long periodMillis) {
        long startedAt = clock.millis();
        // Ticks are at whole multiples of the period. A run is late where it was caught up; early by no more than clocks are adjusted.
        long planned = (startedAt + 20) / periodMillis * periodMillis;
        jdbc.update(
                "insert into job_run (job, planned, instance, started_at) values (?, ?, ?, ?)",
                job,
                new Timestamp(planned),
                ClusterLeader.thisInstance().status().instanceName(),
                new Timestamp(startedAt));
    }
}
