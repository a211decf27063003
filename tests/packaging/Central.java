import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.ZipFile;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

/**
 * Whether a file repository has what Maven Central demands of each of our artifacts, and all of what the BOM manages:
 *
 * <pre>java tests/packaging/Central.java REPOSITORY VERSION [--signed]</pre>
 */
public final class Central {
    private static final String GROUP = "io.clusterleader", PARENT = "cluster-leader-parent", BOM = "cluster-leader-bom";

    /** What a pom must say, itself or by its parent. */
    private static final List<String> DEMANDED = List.of("name", "description", "url", "licenses/license/name",
            "licenses/license/url", "developers/developer/name", "scm/url", "scm/connection");

    /** What must be beside the pom, and what must be in it. */
    private static final Map<String, String> JARS =
            Map.of(".jar", "META-INF/MANIFEST.MF", "-sources.jar", ".java", "-javadoc.jar", "index.html");

    private static final Map<String, String> CHECKSUMS = Map.of("md5", "MD5", "sha1", "SHA-1");

    private final Path group;
    private final String version;
    private final boolean signed;
    private final List<String> missing = new ArrayList<>();

    private Central(Path repository, String version, boolean signed) {
        this.group = repository.resolve(GROUP.replace('.', '/'));
        this.version = version;
        this.signed = signed;
    }

    public static void main(String[] arguments) throws Exception {
        Central central = new Central(Path.of(arguments[0]), arguments[1], List.of(arguments).contains("--signed"));
        Set<String> artifacts = central.check();
        central.missing.forEach(each -> System.err.println("tests/packaging/Central.java: " + each));
        if (!central.missing.isEmpty()) {
            System.exit(1);
        }
        System.out.println("complete for Maven Central: " + String.join(" ", artifacts));
    }

    private Set<String> check() throws Exception {
        Set<String> artifacts = new TreeSet<>();
        try (var folders = Files.list(group)) {
            folders.forEach(folder -> artifacts.add(folder.getFileName().toString()));
        }
        if (!Files.exists(file(BOM, ".pom"))) {
            missing.add(file(BOM, ".pom") + " is missing: " + version + " is the version in Cargo.toml, set it in the poms");
            return artifacts;
        }
        Set<String> expected = new TreeSet<>(all(pom(BOM), "/project/dependencyManagement/dependencies/dependency/artifactId"));
        expected.addAll(List.of(PARENT, BOM));
        demand(artifacts.equals(expected), "deployed is " + artifacts + ", but what the BOM manages, it and the parent are "
                + expected + ": add it to java/" + BOM + "/pom.xml, or let it not be deployed");
        for (String artifact : artifacts) {
            checkArtifact(artifact);
        }
        return artifacts;
    }

    private void checkArtifact(String artifact) throws Exception {
        Path folder = group.resolve(artifact);
        try (var versions = Files.list(folder).filter(Files::isDirectory)) {
            List<String> names = versions.map(each -> each.getFileName().toString()).toList();
            demand(names.equals(List.of(version)), artifact + " is deployed as " + names + ", not as " + version
                    + " alone, which is the version in Cargo.toml: set it in the pom");
        }
        if (Files.exists(file(artifact, ".pom"))) {
            checkPom(artifact);
        } else {
            missing.add(file(artifact, ".pom") + " is missing");
            return;
        }
        try (var files = Files.list(folder.resolve(version))) {
            for (Path file : files.filter(each -> each.toString().matches(".*\\.(jar|pom)")).toList()) {
                checkChecksums(file);
                demand(!signed || Files.exists(Path.of(file + ".asc")), file + ".asc is missing: deploy with -Psign");
            }
        }
    }

    private void checkPom(String artifact) throws Exception {
        Document own = pom(artifact);
        String text = Files.readString(file(artifact, ".pom"));
        String parent = one(own, "/project/parent/artifactId");
        demand(parent.isEmpty() || parent.equals(PARENT), artifact + " has the parent " + parent + ", which is not ours");
        for (String path : DEMANDED) {
            boolean inherited = !parent.isEmpty() && !List.of("name", "description").contains(path);
            demand(!one(own, "/project/" + path).isEmpty() || inherited && !one(pom(parent), "/project/" + path).isEmpty(),
                    artifact + ": its pom has no " + path);
        }
        demand(!text.contains("SNAPSHOT"), artifact + ": its pom names a SNAPSHOT");
        demand(!text.contains("epositories>"), artifact + ": its pom names repositories of its own");
        if (!one(own, "/project/packaging").equals("pom")) {
            for (var jar : JARS.entrySet()) {
                checkJar(file(artifact, jar.getKey()), jar.getValue());
            }
        }
    }

    private void checkJar(Path jar, String ending) throws IOException {
        if (!Files.exists(jar)) {
            missing.add(jar + " is missing: deploy with -Prelease");
            return;
        }
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            demand(zip.stream().anyMatch(entry -> entry.getName().endsWith(ending)), jar + " has no " + ending + " in it");
        }
    }

    private void checkChecksums(Path file) throws Exception {
        for (var checksum : CHECKSUMS.entrySet()) {
            Path beside = Path.of(file + "." + checksum.getKey());
            if (!Files.exists(beside)) {
                missing.add(beside + " is missing");
                continue;
            }
            byte[] digest = MessageDigest.getInstance(checksum.getValue()).digest(Files.readAllBytes(file));
            demand(Files.readString(beside).trim().equals(HexFormat.of().formatHex(digest)), beside + " is of other bytes");
        }
    }

    private void demand(boolean met, String otherwise) {
        if (!met) {
            missing.add(otherwise);
        }
    }

    private Path file(String artifact, String ending) {
        return group.resolve(artifact).resolve(version).resolve(artifact + "-" + version + ending);
    }

    private Document pom(String artifact) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file(artifact, ".pom").toFile());
    }

    private static String one(Document pom, String path) throws Exception {
        return XPathFactory.newInstance().newXPath().evaluate(path, pom).trim();
    }

    private static List<String> all(Document pom, String path) throws Exception {
        NodeList found = (NodeList) XPathFactory.newInstance().newXPath().evaluate(path, pom, XPathConstants.NODESET);
        List<String> texts = new ArrayList<>();
        for (int each = 0; each < found.getLength(); each++) {
            texts.add(found.item(each).getTextContent());
        }
        return texts;
    }
}
