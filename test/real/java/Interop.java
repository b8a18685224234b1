import com.google.protobuf.Field;
import com.google.protobuf.Option;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pulsar.client.api.BatcherBuilder;
import org.apache.pulsar.client.api.CompressionType;
import org.apache.pulsar.client.api.CryptoKeyReader;
import org.apache.pulsar.client.api.EncryptionKeyInfo;
import org.apache.pulsar.client.api.Message;
import org.apache.pulsar.client.api.MessageId;
import org.apache.pulsar.client.api.ProducerBuilder;
import org.apache.pulsar.client.api.PulsarClient;
import org.apache.pulsar.client.api.Reader;
import org.apache.pulsar.client.api.ReaderBuilder;
import org.apache.pulsar.client.api.Schema;
import org.apache.pulsar.client.api.schema.GenericObject;
import org.apache.pulsar.client.api.schema.GenericRecord;
import org.apache.pulsar.common.schema.KeyValue;
import org.apache.pulsar.common.schema.KeyValueEncodingType;

/**
 * The Java client against any broker: `Interop send|receive SERVICE_URL TOPIC_PREFIX SIZES KEY_FOLDER KIND[=COUNT]...`.
 * `send` writes what each kind stands for to TOPIC_PREFIX-KIND; `receive` reads COUNT messages from there and prints a line for
 * each: `> `, kind, then values separated by `|`. `changes` are those of a table, in the topic TOPIC_PREFIX itself.
 */
public class Interop {
  static final byte[] PATTERN = "abcabcdxyz".getBytes();

  public static class Person {
    public String name;
    public int age;

    @Override
    public String toString() {
      return name + "," + age;
    }
  }

  static byte[] body(int size) {
    byte[] body = new byte[size];
    for (long i = 0; i < size; i++) body[(int) i] = PATTERN[(int) ((i * i + (i >> 4)) % PATTERN.length)];
    return body;
  }

  static Person ada() {
    Person person = new Person();
    person.name = "Ada";
    person.age = 36;
    return person;
  }

  static Schema<?> schemaOf(String kind) {
    return switch (kind) {
      case "json" -> Schema.JSON(Person.class);
      case "avro" -> Schema.AVRO(Person.class);
      case "kv-inline" -> Schema.KeyValue(Schema.STRING, Schema.JSON(Person.class), KeyValueEncodingType.INLINE);
      case "kv-separated" -> Schema.KeyValue(Schema.STRING, Schema.JSON(Person.class), KeyValueEncodingType.SEPARATED);
      case "string" -> Schema.STRING;
      case "bool" -> Schema.BOOL;
      case "int8" -> Schema.INT8;
      case "int16" -> Schema.INT16;
      case "int32" -> Schema.INT32;
      case "int64" -> Schema.INT64;
      case "float" -> Schema.FLOAT;
      case "double" -> Schema.DOUBLE;
      case "date" -> Schema.DATE;
      case "time" -> Schema.TIME;
      case "timestamp" -> Schema.TIMESTAMP;
      case "instant" -> Schema.INSTANT;
      case "local-date" -> Schema.LOCAL_DATE;
      case "local-time" -> Schema.LOCAL_TIME;
      case "local-date-time" -> Schema.LOCAL_DATE_TIME;
      case "kv-avro-keys" -> Schema.KeyValue(Schema.AVRO(Person.class), Schema.INT64, KeyValueEncodingType.SEPARATED);
      case "protobuf-native" -> Schema.PROTOBUF_NATIVE(Field.class);
      case "changes" -> Schema.AUTO_CONSUME();
      default -> null;
    };
  }

  static Object valueOf(String kind) {
    return switch (kind) {
      case "json", "avro" -> ada();
      case "kv-inline", "kv-separated" -> new KeyValue<>("key", ada());
      case "string" -> "Zoë";
      case "bool" -> true;
      case "int8" -> (byte) -8;
      case "int16" -> (short) -1600;
      case "int32" -> -320_000;
      case "int64" -> -6_400_000_000_000L;
      case "float" -> 1.5f;
      case "double" -> -2.25;
      case "date" -> new java.util.Date(1_700_000_000_123L);
      case "time" -> new java.sql.Time(1_000L);
      case "timestamp" -> new java.sql.Timestamp(1_700_000_000_123L);
      case "instant" -> Instant.parse("2026-11-21T11:00:00.123456789Z");
      case "local-date" -> LocalDate.of(2026, 11, 21);
      case "local-time" -> LocalTime.parse("11:00:00.000000005");
      case "local-date-time" -> LocalDateTime.parse("2026-11-21T11:00:00.000000005");
      case "kv-avro-keys" -> new KeyValue<>(ada(), 9_007_199_254_740_993L);
      case "protobuf-native" -> Field.newBuilder().setKind(Field.Kind.TYPE_INT64).setNumber(7).setName("Zoë").setPacked(true)
          .addOptions(Option.newBuilder().setName("o")).build();
      default -> throw new IllegalArgumentException(kind);
    };
  }

  static CryptoKeyReader keyReader(String folder) {
    return new CryptoKeyReader() {
      EncryptionKeyInfo read(String file) {
        try {
          return new EncryptionKeyInfo(Files.readAllBytes(Path.of(folder, file)), Map.of());
        } catch (java.io.IOException error) {
          throw new java.io.UncheckedIOException(error);
        }
      }

      @Override
      public EncryptionKeyInfo getPublicKey(String name, Map<String, String> metadata) {
        return read("public.pem");
      }

      @Override
      public EncryptionKeyInfo getPrivateKey(String name, Map<String, String> metadata) {
        return read("private.pem");
      }
    };
  }

  static ProducerBuilder<byte[]> withBatching(ProducerBuilder<byte[]> builder, String batching) {
    if (batching.equals("off")) return builder.enableBatching(false);
    builder.enableBatching(true).batchingMaxPublishDelay(1, TimeUnit.SECONDS);
    return batching.equals("keyed") ? builder.batcherBuilder(BatcherBuilder.KEY_BASED) : builder;
  }

  static void sendAll(ProducerBuilder<byte[]> builder, List<Integer> sizes) throws Exception {
    var producer = builder.create();
    List<CompletableFuture<MessageId>> sends = new ArrayList<>();
    for (int size : sizes) {
      sends.add(producer.newMessage().key("k" + size).orderingKey(("o" + size).getBytes()).property("size", "" + size)
          .eventTime(1000 + size).value(body(size)).sendAsync());
    }
    producer.flush();
    for (var send : sends) send.get();
    producer.close();
  }

  @SuppressWarnings("unchecked")
  static void send(PulsarClient client, String topic, String kind, List<Integer> sizes, String keys) throws Exception {
    if (schemaOf(kind) != null) {
      var producer = client.newProducer((Schema<Object>) schemaOf(kind)).topic(topic).create();
      producer.newMessage().value(valueOf(kind)).send();
      producer.close();
      return;
    }
    for (CompressionType compression : CompressionType.values()) {
      var plain = client.newProducer().topic(topic).compressionType(compression);
      if (kind.equals("chunks")) sendAll(plain.enableBatching(false).enableChunking(true).chunkMaxMessageSize(1_000_000), sizes);
      else if (kind.equals("encrypted")) {
        for (String batching : List.of("off", "on")) {
          var encrypting = client.newProducer().topic(topic).compressionType(compression);
          sendAll(withBatching(encrypting.addEncryptionKey("the-key").cryptoKeyReader(keyReader(keys)), batching), sizes);
        }
      } else {
        for (String batching : List.of("off", "on", "keyed")) {
          sendAll(withBatching(client.newProducer().topic(topic).compressionType(compression), batching), sizes);
        }
      }
    }
  }

  /** A change of a table in Debezium's form, a KeyValue of records: `k`, then the operation and the row's `k` and `n`. */
  static String change(GenericObject object) {
    var pair = (KeyValue<GenericRecord, GenericRecord>) object.getNativeObject();
    var after = (GenericRecord) pair.getValue().getField("after");
    var row = after == null ? (GenericRecord) pair.getValue().getField("before") : after;
    return pair.getKey().getField("k") + "=" + pair.getValue().getField("op") + " " + row.getField("k") + " " + row.getField("n");
  }

  static String describe(String kind, Message<?> message) {
    if (schemaOf(kind) != null) {
      Object value = message.getValue();
      if (value instanceof GenericObject object) value = change(object);
      if (value instanceof KeyValue<?, ?> pair) value = pair.getKey() + "=" + pair.getValue();
      else if (value instanceof java.util.Date date) value = date.getTime();
      else if (value instanceof Field field) value = field.getKind() + "," + field.getNumber() + "," + field.getName() + ","
          + field.getPacked() + "," + field.getOptions(0).getName();
      return kind + "|" + value;
    }
    byte[] data = message.getData();
    String ordering = message.getOrderingKey() == null ? "" : new String(message.getOrderingKey());
    return String.join("|", kind, "" + data.length, "" + Arrays.equals(data, body(data.length)), "" + message.getKey(),
        ordering, "" + message.getProperty("size"), "" + message.getEventTime(),
        HexFormat.of().formatHex(message.getMessageId().toByteArray()));
  }

  static void receive(PulsarClient client, String topic, String kind, int count, String keys) throws Exception {
    Schema<?> schema = schemaOf(kind) == null ? Schema.BYTES : schemaOf(kind);
    ReaderBuilder<?> builder = client.newReader(schema).topic(topic).startMessageId(MessageId.earliest);
    if (kind.equals("encrypted")) builder = builder.cryptoKeyReader(keyReader(keys));
    try (Reader<?> reader = builder.create()) {
      for (int i = 0; i < count; i++) {
        Message<?> message = reader.readNext(15, TimeUnit.SECONDS);
        if (message == null) throw new IllegalStateException("only " + i + " of " + count + " in " + topic);
        System.out.println("> " + describe(kind, message));
      }
    }
  }

  public static void main(String[] args) throws Exception {
    List<Integer> sizes = Arrays.stream(args[3].split(",")).map(Integer::valueOf).toList();
    try (PulsarClient client = PulsarClient.builder().serviceUrl(args[1]).build()) {
      for (String wanted : Arrays.asList(args).subList(5, args.length)) {
        String[] parts = wanted.split("=");
        String topic = parts[0].equals("changes") ? args[2] : args[2] + "-" + parts[0];
        if (args[0].equals("send")) send(client, topic, parts[0], sizes, args[4]);
        else receive(client, topic, parts[0], Integer.parseInt(parts[1]), args[4]);
      }
    }
    System.exit(0);
  }
}
