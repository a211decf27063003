package io.clusterleader.spring.observability;

import io.clusterleader.ClusterLeader;
import io.clusterleader.spring.Elections;
import io.clusterleader.spring.EveryInstance;
import io.clusterleader.spring.LeaderOnly;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

/** An application with jobs that is looked at through its actuator, and the test's hold on it. */
final class ObservedApplication implements AutoCloseable {
    static final String JOB = Jobs.class.getName() + "#onTheLeader";

    /** That of Spring Boot 2.7 cannot be started again once it was stopped. */
    static final String WITHOUT_WEB_SERVER = "--spring.main.web-application-type=none";

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    final ConfigurableApplicationContext context;

    private ObservedApplication(ConfigurableApplicationContext context) {
        this.context = context;
    }

    /** Starts one, with hand-overs that do not take long. */
    static ObservedApplication start(String election, String instance, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "--spring.application.name=" + election,
                "--cluster-leader.instance-name=" + instance,
                "--cluster-leader.lease-duration=3s",
                "--cluster-leader.renew-deadline=2s",
                "--cluster-leader.retry-period=200ms",
                "--server.port=0",
                "--management.endpoints.web.exposure.include=*",
                "--management.endpoint.health.show-details=always"));
        arguments.addAll(List.of(more));
        return new ObservedApplication(new SpringApplicationBuilder(Jobs.class).run(arguments.toArray(String[]::new)));
    }

    /** Starts one, and waits until it leads. */
    static ObservedApplication startLeader(String election, String instance, String... more) throws InterruptedException {
        ObservedApplication started = start(election, instance, more);
        started.awaitLeadership();
        return started;
    }

    void awaitLeadership() throws InterruptedException {
        if (!own().await(Duration.ofSeconds(30))) {
            throw new AssertionError("leads not: " + own());
        }
    }

    ClusterLeader own() {
        return context.getBean(Elections.class).own().orElseThrow();
    }

    HttpResponse<String> get(String endpoint) throws IOException, InterruptedException {
        return HTTP.send(request(endpoint).build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> post(String endpoint) throws IOException, InterruptedException {
        return HTTP.send(request(endpoint).POST(HttpRequest.BodyPublishers.noBody()).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String endpoint) {
        return HttpRequest.newBuilder(
                URI.create("http://localhost:" + context.getEnvironment().getProperty("local.server.port") + "/actuator/" + endpoint));
    }

    @Override
    public void close() {
        context.close();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @EnableScheduling
    static class Jobs {
        @Bean
        Reports reports() {
            return new Reports();
        }

        @LeaderOnly
        @Scheduled(fixedDelay = 20)
        void onTheLeader() {}

        @EveryInstance
        @Scheduled(fixedDelay = 20)
        void everywhere() {}
    }

    /** Of another election. */
    static class Reports {
        @LeaderOnly("reports-${spring.application.name}")
        void write() {}
    }
}
