import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.pulsar.admin.cli.PulsarAdminTool;

/** Runs pulsar-admin once per line of stdin, a JSON list of arguments, and answers each with a line {code, stdout, stderr}. */
public class AdminShell {
    private static final Gson GSON = new Gson();
    private static final PrintStream ANSWERS = System.out;

    public static void main(String[] none) throws Exception {
        method("setAllowSystemExit", boolean.class).invoke(null, false);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            ANSWERS.println(GSON.toJson(call(GSON.fromJson(line, String[].class))));
            ANSWERS.flush();
        }
        System.exit(0);
    }

    private static Map<String, Object> call(String[] arguments) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        PulsarAdminTool.execute(arguments);
        int code = (int) method("getLastExitCode").invoke(null);
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("code", code);
        // In its test mode the tool says so instead of exiting.
        answer.put("stdout", out.toString(StandardCharsets.UTF_8).replaceFirst("Exit code is -?\\d+ \\(.*\\)\\R\\z", ""));
        answer.put("stderr", err.toString(StandardCharsets.UTF_8));
        return answer;
    }

    private static Method method(String name, Class<?>... types) throws Exception {
        Method found = PulsarAdminTool.class.getDeclaredMethod(name, types);
        found.setAccessible(true);
        return found;
    }
}
