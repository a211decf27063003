package io.clusterleader;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StatusTest {
    private static final String[] FIELDS = {
        "billing-jobs", "file /x", "here", "here_1", "following", "false", "0", null, null, null, null, "403 Forbidden",
        "61000000000", "3", "2000000", "5000000"
    };

    @Test
    void each_field_is_read() {
        Status status = new Status(FIELDS);
        assertEquals(Optional.of("403 Forbidden"), status.lastProblem());
        assertEquals(Duration.ofSeconds(61), status.problemDuration());
        assertEquals("3 renewals, the last in PT0.002S, all in PT0.005S", status.renewals().toString());
    }

    @Test
    void what_a_candidacy_does_not_tell_is_nothing() {
        Status status = new Status(Arrays.copyOf(FIELDS, 12));
        assertEquals(Duration.ZERO, status.problemDuration());
        assertEquals("0 renewals, the last in PT0S, all in PT0S", status.renewals().toString());
    }
}
