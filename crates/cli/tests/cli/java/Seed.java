import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URL;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What an application with a leader-elector sidecar asks it: is the leader's name mine? */
public class Seed {
    public static void main(String[] arguments) throws IOException {
        URL url = new URL("http://localhost:4040");
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(url.openStream()))) {
            String json = reader.lines().collect(Collectors.joining());
            Matcher name = Pattern.compile("\"name\"\\s*:\\s*\"([^\"]*)\"").matcher(json);
            boolean leader = name.find() && name.group(1).equals(System.getenv("HOSTNAME"));
            System.out.println(leader);
        }
    }
}
