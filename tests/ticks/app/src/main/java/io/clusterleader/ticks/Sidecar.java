package io.clusterleader.ticks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** As one asks the leader-elector container beside a pod: for the leader's name, which is that of a host. */
@Component
@Profile("sidecar")
class Sidecar implements Permission {
    private final ObjectMapper json = new ObjectMapper();
    private final URL url;
    private final String host;

    Sidecar(@Value("${ticks.sidecar}") URI url, @Value("${HOSTNAME}") String host) throws IOException {
        this.url = url.toURL();
        this.host = host;
    }

    @Override
    public boolean mayRun() {
        try {
            return host.equals(json.readTree(url).path("name").asText());
        } catch (IOException nobodyAnswers) {
            return false;
        }
    }
}
