package io.clusterleader.spring.observability;

import static org.assertj.core.api.Assertions.assertThat;

import com.jayway.jsonpath.JsonPath;
import io.clusterleader.spring.boot.ClusterLeaderAutoConfiguration;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What an editor is told of the properties, and people in the documentation. */
class MetadataTest {
    private static final Path JAVA = Path.of("../..");
    /** A row of a table: the property, then what it means, last the default, in which a word in backquotes is the value itself. */
    private static final Pattern ROW = Pattern.compile("^\\| `((?:cluster-leader|management)\\.[a-z.-]+)` \\|.*\\| ([^|]*) \\|$", Pattern.MULTILINE);

    private static String metadata() throws IOException {
        String jar = ClusterLeaderAutoConfiguration.class.getProtectionDomain().getCodeSource().getLocation().toString();
        String file = "META-INF/spring-configuration-metadata.json";
        try (InputStream stream = new URL(jar.endsWith(".jar") ? "jar:" + jar + "!/" + file : jar + file).openStream()) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static List<Map<String, Object>> properties() throws IOException {
        return JsonPath.read(metadata(), "$.properties");
    }

    @Test
    void everyPropertyIsDescribed() throws IOException {
        assertThat(properties()).hasSizeGreaterThan(20).allSatisfy(property -> {
            assertThat((String) property.get("description")).as("%s", property).hasSizeGreaterThan(10).endsWith(".");
            assertThat(property.get("type")).as("%s", property).isNotNull();
        });
    }

    @Test
    void valuesAreHinted() throws IOException {
        assertThat(JsonPath.<List<String>>read(metadata(), "$.hints[?(@.name == 'cluster-leader.store')].values[*].value"))
                .contains("auto", "kubernetes", "file");
        assertThat(JsonPath.<List<String>>read(metadata(), "$.hints[?(@.name == 'cluster-leader.join-when')].values[*].value"))
                .containsExactlyInAnyOrder("ready", "started");
    }

    @Test
    void theTableOfTheDocumentationAgrees() throws IOException {
        Map<String, String> told = new TreeMap<>();
        for (Map<String, Object> property : properties()) {
            Object value = property.get("defaultValue");
            told.put((String) property.get("name"), value == null ? "" : String.valueOf(value));
        }
        told.keySet().removeIf(name -> name.startsWith("management.endpoint.")); // Spring Boot's own, of any endpoint.

        Map<String, String> written = new TreeMap<>();
        Matcher row = ROW.matcher(Files.readString(JAVA.resolve("cluster-leader-spring-boot-starter/README.md")));
        while (row.find()) {
            Matcher value = Pattern.compile("^`([^`]*)`").matcher(row.group(2));
            written.put(row.group(1), value.find() ? value.group(1) : "");
        }
        assertThat(written).isEqualTo(told);
    }

    @Test
    void noVariableOfSpringsIsTakenForAMisspeltOne() throws IOException {
        String known = Files.readString(JAVA.resolve("../README.md"))
                + Files.readString(JAVA.resolve("../crates/cluster-leader/src/options/environment.rs"));
        assertThat(properties()).map(property -> (String) property.get("name")).filteredOn(name -> name.startsWith("cluster-leader."))
                .map(name -> name.toUpperCase(Locale.ROOT).replace('-', '_').replace('.', '_'))
                .allSatisfy(variable -> assertThat(known).contains(variable));
    }

    @Test
    void whatJavaPropertiesMayBeSaidMayBeSaidInSpringToo() throws IOException {
        List<String> told = properties().stream().map(property -> (String) property.get("name")).toList();
        Matcher named = Pattern.compile("^\\|[^|]*\\|[^|]*\\| `(cluster-leader\\.[a-z.-]+)` \\|", Pattern.MULTILINE)
                .matcher(Files.readString(JAVA.resolve("../README.md")));
        List<String> ofJava = named.results().map(result -> result.group(1))
                .filter(name -> !name.equals("cluster-leader.wait-until-ready")) // The starter decides that: see join-when.
                .toList();
        assertThat(ofJava).hasSizeGreaterThan(10);
        assertThat(told).containsAll(ofJava);
    }
}
