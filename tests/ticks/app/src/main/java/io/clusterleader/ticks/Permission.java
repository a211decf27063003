package io.clusterleader.ticks;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** What a job asks before it does anything. */
interface Permission {
    boolean mayRun();

    /** Where jobs need not ask. */
    @Configuration
    @Profile("!sidecar")
    class Everybody {
        @Bean
        Permission everybody() {
            return () -> true;
        }
    }
}
