"""Official Python client beside ours, feature by feature, on one broker.

usage: features.py SERVICE_URL TOPIC ACTION [PUBLIC_KEY PRIVATE_KEY]
Prints one line per message or result.
"""

import hashlib
import sys
import time

import pulsar
from google.protobuf.timestamp_pb2 import Timestamp
from pulsar import ConsumerType, InitialPosition
from pulsar.schema import Array, AvroSchema, Integer, JsonSchema, Long, ProtobufNativeSchema, Record, String, StringSchema

SERVICE_URL, TOPIC, ACTION = sys.argv[1:4]
TIMEOUT_MS = 15_000
client = pulsar.Client(SERVICE_URL, logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))


def subscribe(**options):
    return client.subscribe(TOPIC, "py", initial_position=InitialPosition.Earliest, **options)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def write_chunks():
    producer = client.create_producer(TOPIC, batching_enabled=False, chunking_enabled=True)
    data = bytes(range(256)) * 4096 * 11
    producer.send(data, partition_key="k")
    print(digest(data))


def read_chunks():
    consumer = subscribe()
    message = consumer.receive(TIMEOUT_MS)
    print(digest(message.data()), message.partition_key())
    consumer.acknowledge(message)


def keys():
    return pulsar.CryptoKeyReader(sys.argv[4], sys.argv[5])


def write_encrypted():
    for batching in (False, True):
        producer = client.create_producer(
            TOPIC,
            crypto_key_reader=keys(),
            encryption_key="any",
            batching_enabled=batching,
            compression_type=pulsar.CompressionType.ZSTD,
        )
        for i in range(5):
            producer.send_async(f"secret {i}".encode(), None)
        producer.flush()
        producer.close()


def read_encrypted():
    consumer = subscribe(crypto_key_reader=keys())
    for _ in range(10):
        print(consumer.receive(TIMEOUT_MS).data().decode())


def ack_some():
    consumer = subscribe(consumer_type=ConsumerType.Shared, batch_index_ack_enabled=True)
    messages = [consumer.receive(TIMEOUT_MS) for _ in range(10)]
    for i in (0, 3, 9):
        consumer.acknowledge(messages[i])
    time.sleep(0.5)
    consumer.close()


def read_rest():
    consumer = subscribe(consumer_type=ConsumerType.Shared, batch_index_ack_enabled=True)
    for _ in range(int(sys.argv[4])):
        print(consumer.receive(TIMEOUT_MS).data().decode())


class Order(Record):
    note = String()
    count = Integer()
    total = Long()
    tags = Array(String())


SCHEMAS = {
    "json": (lambda: JsonSchema(Order), Order(note="Zoë", count=2, total=2**53 + 1, tags=["a", "b"])),
    "avro": (lambda: AvroSchema(Order), Order(note="Zoë", count=2, total=2**53 + 1, tags=["a", "b"])),
    "string": (StringSchema, "Zoë"),
    "protobuf-native": (lambda: ProtobufNativeSchema(Timestamp), Timestamp(seconds=2**53 + 1, nanos=5)),
}


def described(value):
    if isinstance(value, Order):
        return f"{value.note}|{value.count}|{value.total}|{','.join(value.tags)}"
    return f"{value.seconds}|{value.nanos}" if isinstance(value, Timestamp) else value


def write_schema():
    schema, value = SCHEMAS[sys.argv[4]]
    client.create_producer(TOPIC, schema=schema()).send(value)


def read_schema():
    schema, _ = SCHEMAS[sys.argv[4]]
    consumer = subscribe(schema=schema())
    for _ in range(int(sys.argv[5])):
        print(described(consumer.receive(TIMEOUT_MS).value()))


def read_by_key():
    consumers = [subscribe(consumer_type=ConsumerType.KeyShared) for _ in range(2)]
    print("ready", flush=True)
    for number, consumer in enumerate(consumers):
        try:
            patience = 20000
            while True:
                message = consumer.receive(patience)
                patience = 3000
                print(number, message.partition_key(), message.data().decode())
        except pulsar.Timeout:
            pass


{
    "write-chunks": write_chunks,
    "read-chunks": read_chunks,
    "write-encrypted": write_encrypted,
    "read-encrypted": read_encrypted,
    "ack-some": ack_some,
    "read-rest": read_rest,
    "read-by-key": read_by_key,
    "write-schema": write_schema,
    "read-schema": read_schema,
}[ACTION]()
client.close()
