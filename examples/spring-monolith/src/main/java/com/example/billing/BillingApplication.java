package com.example.billing;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.scheduling.annotation.EnableScheduling;

/** A monolith that runs as several identical replicas. Each has all the jobs; one of them runs them. */
@SpringBootApplication
@EnableScheduling
public class BillingApplication {
    public static void main(String[] arguments) {
        SpringApplication.run(BillingApplication.class, arguments);
    }
}
