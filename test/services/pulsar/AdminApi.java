import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.pulsar.client.admin.PulsarAdmin;
import org.apache.pulsar.client.admin.PulsarAdminBuilder;
import org.apache.pulsar.client.admin.PulsarAdminException;
import org.apache.pulsar.client.admin.Sinks;
import org.apache.pulsar.client.admin.Sources;
import org.apache.pulsar.client.api.AuthenticationFactory;
import org.apache.pulsar.common.functions.UpdateOptions;
import org.apache.pulsar.common.functions.UpdateOptionsImpl;
import org.apache.pulsar.common.io.SinkConfig;
import org.apache.pulsar.common.io.SourceConfig;
import org.apache.pulsar.common.util.ObjectMapperFactory;

/**
 * Calls PulsarAdmin's sources() and sinks(): ADMIN_URL [TOKEN]. A line of stdin is {"api", "method", "arguments"}, answered by {"result"} or {"error", "status",
 * "reason"}. Without a method the answer is the list of all, as "name/arguments".
 */
public class AdminApi {
    private static final PrintStream ANSWERS = System.out;

    static {
        System.setOut(System.err); // before a logger takes it
    }

    private static final ObjectMapper MAPPER = ObjectMapperFactory.getMapper().getObjectMapper().copy()
            .registerModule(new SimpleModule().addAbstractTypeMapping(UpdateOptions.class, UpdateOptionsImpl.class));
    private static final ObjectWriter WRITER = MAPPER.writer();

    public static void main(String[] args) throws Exception {
        Configurator.setRootLevel(Level.OFF);
        PulsarAdminBuilder builder = PulsarAdmin.builder().serviceHttpUrl(args[0]);
        if (args.length > 1) builder.authentication(AuthenticationFactory.token(args[1]));
        try (PulsarAdmin admin = builder.build()) {
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                ANSWERS.println(WRITER.writeValueAsString(answer(admin, MAPPER.readTree(line))));
                ANSWERS.flush();
            }
        }
        System.exit(0);
    }

    private static JsonNode answer(PulsarAdmin admin, JsonNode question) throws Exception {
        boolean isSources = question.get("api").asText().equals("sources");
        Class<?> type = isSources ? Sources.class : Sinks.class;
        Object api = isSources ? admin.sources() : admin.sinks();
        ObjectNode answer = MAPPER.createObjectNode();
        if (!question.has("method")) {
            Object[] names = Arrays.stream(type.getMethods()).map(it -> it.getName() + "/" + it.getParameterCount()).toArray();
            return answer.set("result", MAPPER.valueToTree(names));
        }
        try {
            if (question.get("method").asText().equals("echo")) {
                Class<?> config = isSources ? SourceConfig.class : SinkConfig.class;
                return answer.set("result", MAPPER.valueToTree(MAPPER.treeToValue(question.get("arguments").get(0), config)));
            }
            return answer.set("result", MAPPER.valueToTree(call(type, api, question.get("method").asText(), question.get("arguments"))));
        } catch (JacksonException unreadable) {
            return answer.put("error", unreadable.getOriginalMessage());
        } catch (PulsarAdminException refused) {
            return answer.put("error", refused.getClass().getSimpleName()).put("status", refused.getStatusCode()).put("reason", refused.getHttpError());
        }
    }

    private static Object call(Class<?> type, Object api, String name, JsonNode given) throws Exception {
        Method method = Arrays.stream(type.getMethods())
                .filter(it -> it.getName().equals(name) && it.getParameterCount() == given.size()).findFirst().orElseThrow();
        Object[] arguments = new Object[given.size()];
        for (int i = 0; i < arguments.length; i++) arguments[i] = MAPPER.treeToValue(given.get(i), method.getParameterTypes()[i]);
        try {
            Object result = method.invoke(api, arguments);
            return result instanceof Future ? ((Future<?>) result).get() : result;
        } catch (InvocationTargetException | ExecutionException thrown) {
            Throwable cause = thrown.getCause();
            while (cause instanceof CompletionException || cause instanceof ExecutionException) cause = cause.getCause();
            if (cause instanceof PulsarAdminException) throw (PulsarAdminException) cause;
            throw thrown;
        }
    }
}
