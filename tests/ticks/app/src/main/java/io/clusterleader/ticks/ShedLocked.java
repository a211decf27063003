package io.clusterleader.ticks;

import java.time.Clock;
import javax.sql.DataSource;
import net.javacrumbs.shedlock.core.ClockProvider;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.provider.jdbctemplate.JdbcTemplateLockProvider;
import net.javacrumbs.shedlock.spring.annotation.EnableSchedulerLock;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.jdbc.core.JdbcTemplate;

/** ShedLock, by the time of the database. */
@Configuration
@Profile("shedlock")
@EnableSchedulerLock(defaultLockAtMostFor = "1s")
class ShedLocked {
    @Bean
    LockProvider lockProvider(DataSource dataSource, Clock clock) {
        ClockProvider.setClock(clock);
        return new JdbcTemplateLockProvider(JdbcTemplateLockProvider.Configuration.builder()
                .withJdbcTemplate(new JdbcTemplate(dataSource))
                .usingDbTime()
                .build());
    }
}
