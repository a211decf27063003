package io.clusterleader.spring.lines

import kotlinx.coroutines.delay
import org.junit.jupiter.api.Test
import org.springframework.context.annotation.Import
import org.springframework.scheduling.annotation.EnableScheduling
import org.springframework.scheduling.annotation.Scheduled

class SuspendingTest {
    @Test
    fun `suspending jobs run on the leader only`() {
        ScheduledGuardTest.jobsRunOnTheLeaderOnly(
            "suspending", listOf("suspending"), listOf(), Jobs::class.java, ScheduledGuardTest.Auto::class.java)
    }

    @EnableScheduling
    @Import(Ran::class, Suspending::class)
    class Jobs

    class Suspending internal constructor(private val ran: Ran) {
        @Scheduled(fixedDelay = ScheduledJobs.OFTEN.toLong())
        suspend fun run() {
            delay(5)
            ran.ran("suspending")
        }
    }
}
