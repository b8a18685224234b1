"""Official Python client (a wrapper of the C++ one) against any broker.

usage: interop.py SERVICE_URL ADMIN_URL
Prints one JSON line {"ok": bool, "client": version, "checks": {name: "ok" | error}}; exit status 1 when a check failed.
"""

import json
import sys
import time
import traceback
import urllib.request
import uuid

import pulsar
from pulsar import (
    BatchingType,
    CompressionType,
    ConsumerDeadLetterPolicy,
    ConsumerType,
    InitialPosition,
    MessageId,
)
from pulsar.schema import AvroSchema, JsonSchema, Record, String, Integer

SERVICE_URL, ADMIN_URL = sys.argv[1], sys.argv[2]
TIMEOUT_MS = 15_000
RUN = uuid.uuid4().hex[:8]
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def topic(name):
    return f"persistent://public/default/interop-{RUN}-{name}"


def admin(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(ADMIN_URL + path, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        text = response.read()
        return json.loads(text) if text else None


def rest(name):
    return "/admin/v2/" + topic(name).replace("://", "/")


def subscribe(client, name, subscription="s", **options):
    return client.subscribe(topic(name), subscription, initial_position=InitialPosition.Earliest, **options)


def receive(consumer, count, ack=True):
    messages = []
    for _ in range(count):
        message = consumer.receive(TIMEOUT_MS)
        messages.append(message)
        if ack:
            consumer.acknowledge(message)
    return messages


def texts(messages):
    return [message.data().decode() for message in messages]


def nothing_more(consumer, wait_ms=300):
    try:
        message = consumer.receive(wait_ms)
    except pulsar.Timeout:
        return
    raise AssertionError(f"unexpected message {message.data()}")


def send_all(client, name, values, **options):
    producer = client.create_producer(topic(name), **options)
    for value in values:
        producer.send_async(value.encode(), None)
    producer.flush()
    producer.close()


def numbered(count):
    return [f"m{i}" for i in range(count)]


@check
def exclusive(client):
    consumer = subscribe(client, "exclusive")
    send_all(client, "exclusive", numbered(100), batching_enabled=False)
    assert texts(receive(consumer, 100)) == numbered(100)
    try:
        subscribe(client, "exclusive")
    except pulsar.ConsumerBusy:
        pass
    else:
        raise AssertionError("a second exclusive consumer was accepted")


@check
def batching(client):
    consumer = subscribe(client, "batching")
    send_all(client, "batching", numbered(5000), batching_enabled=True, batching_max_messages=500, block_if_queue_full=True)
    assert texts(receive(consumer, 5000)) == numbered(5000)
    consumer.close()
    time.sleep(0.5)
    consumer = subscribe(client, "batching")
    nothing_more(consumer)


@check
def compressions(client):
    # not "": with ZLib alone, this client cannot read its own
    values = ["x"] + [f"{i}-" + "abc" * 1000 for i in range(48)] + ["ab" * 100_000]
    batchings = {"alone": {}, "batched": {"batching_enabled": True}, "keyed": {"batching_enabled": True, "batching_type": BatchingType.KeyBased}}
    for kind in ("NONE", "LZ4", "ZLib", "ZSTD", "SNAPPY"):
        for batching, options in batchings.items():
            consumer = subscribe(client, f"compression-{kind}-{batching}")
            send_all(client, f"compression-{kind}-{batching}", values, compression_type=getattr(CompressionType, kind), **options)
            assert texts(receive(consumer, len(values))) == values, (kind, batching)
            consumer.close()


@check
def shared(client):
    consumers = [subscribe(client, "shared", consumer_type=ConsumerType.Shared, receiver_queue_size=10) for _ in range(3)]
    send_all(client, "shared", numbered(300), batching_enabled=False)
    seen, idle = [], 0
    while len(seen) < 300 and idle < 100:
        idle += 1
        for consumer in consumers:
            try:
                while True:
                    seen.append(consumer.receive(20))
                    consumer.acknowledge(seen[-1])
                    idle = 0
            except pulsar.Timeout:
                pass
    assert sorted(texts(seen)) == sorted(numbered(300)), len(seen)


@check
def key_shared(client):
    consumers = [subscribe(client, "keys", consumer_type=ConsumerType.KeyShared) for _ in range(2)]
    producer = client.create_producer(topic("keys"), batching_enabled=True, batching_type=BatchingType.KeyBased)
    for i in range(400):
        producer.send_async(f"{i}".encode(), None, partition_key=f"key{i % 20}")
    producer.flush()
    owners, orders, total = {}, {}, 0
    for number, consumer in enumerate(consumers):
        try:
            while True:
                message = consumer.receive(1000)
                total += 1
                key = message.partition_key()
                assert owners.setdefault(key, number) == number, f"{key} went to two consumers"
                orders.setdefault(key, []).append(int(message.data()))
                consumer.acknowledge(message)
        except pulsar.Timeout:
            pass
    assert total == 400, total
    assert all(order == sorted(order) for order in orders.values())


@check
def failover(client):
    first = subscribe(client, "failover", consumer_type=ConsumerType.Failover, consumer_name="a")
    second = subscribe(client, "failover", consumer_type=ConsumerType.Failover, consumer_name="b")
    send_all(client, "failover", numbered(10))
    assert texts(receive(first, 10, ack=False)) == numbered(10)
    nothing_more(second)
    first.close()
    assert texts(receive(second, 10)) == numbered(10)


@check
def partitioned(client):
    admin("PUT", rest("partitioned") + "/partitions", 3)
    assert len(client.get_topic_partitions(topic("partitioned"))) == 3
    consumer = subscribe(client, "partitioned")
    producer = client.create_producer(topic("partitioned"), batching_enabled=False)
    for i in range(90):
        producer.send(f"m{i}".encode(), partition_key=f"k{i}")
    messages = receive(consumer, 90)
    assert sorted(texts(messages)) == sorted(numbered(90))
    assert {message.message_id().partition() for message in messages} == {0, 1, 2}
    stats = admin("GET", rest("partitioned") + "/partitioned-stats")
    assert stats["metadata"]["partitions"] == 3 and len(stats["partitions"]) == 3


@check
def negative_acknowledge(client):
    consumer = subscribe(client, "nack", consumer_type=ConsumerType.Shared, negative_ack_redelivery_delay_ms=100)
    send_all(client, "nack", numbered(3), batching_enabled=False)
    for count in range(3):
        messages = receive(consumer, 3, ack=False)
        assert sorted(texts(messages)) == numbered(3)
        assert {message.redelivery_count() for message in messages} == {count}
        for message in messages:
            consumer.negative_acknowledge(message)
    receive(consumer, 3)


@check
def dead_letter(client):
    policy = ConsumerDeadLetterPolicy(max_redeliver_count=2, dead_letter_topic=topic("dlq"), initial_subscription_name="dead")
    consumer = subscribe(
        client,
        "dead",
        consumer_type=ConsumerType.Shared,
        negative_ack_redelivery_delay_ms=100,
        dead_letter_policy=policy,
    )
    send_all(client, "dead", ["poison"], batching_enabled=False)
    for _ in range(3):
        consumer.negative_acknowledge(receive(consumer, 1, ack=False)[0])
    nothing_more(consumer, 1000)
    dead = client.subscribe(topic("dlq"), "dead", consumer_type=ConsumerType.Shared)
    assert texts(receive(dead, 1)) == ["poison"]


@check
def seek(client):
    consumer = subscribe(client, "seek")
    producer = client.create_producer(topic("seek"), batching_enabled=False)
    ids, middle_ms = [], 0
    for i in range(10):
        if i == 6:
            time.sleep(0.05)
            middle_ms = int(time.time() * 1000)
            time.sleep(0.05)
        ids.append(producer.send(f"m{i}".encode()))
    assert texts(receive(consumer, 10)) == numbered(10)
    consumer.seek(ids[4])
    assert texts(receive(consumer, 5)) == numbered(10)[5:]
    consumer.seek(MessageId.earliest)
    assert texts(receive(consumer, 10)) == numbered(10)
    consumer.seek(middle_ms)
    assert texts(receive(consumer, 4)) == numbered(10)[6:]
    consumer.seek(MessageId.latest)
    nothing_more(consumer)


@check
def reader(client):
    producer = client.create_producer(topic("reader"), batching_enabled=True, batching_max_publish_delay_ms=5)
    ids = [producer.send(f"m{i}".encode()) for i in range(10)]
    from_start = client.create_reader(topic("reader"), MessageId.earliest)
    assert texts([from_start.read_next(TIMEOUT_MS) for _ in range(10)]) == numbered(10)
    assert not from_start.has_message_available()
    after = client.create_reader(topic("reader"), ids[6])
    assert after.has_message_available()
    assert texts([after.read_next(TIMEOUT_MS) for _ in range(3)]) == numbered(10)[7:]
    after.seek(ids[1])
    assert after.read_next(TIMEOUT_MS).data() == b"m2"
    latest = client.create_reader(topic("reader"), MessageId.latest)
    assert not latest.has_message_available()
    producer.send(b"new")
    assert latest.read_next(TIMEOUT_MS).data() == b"new"


@check
def reader_inside_batch(client):
    send_all(client, "batchreader", numbered(10), batching_enabled=True, batching_max_publish_delay_ms=500)
    first = client.create_reader(topic("batchreader"), MessageId.earliest)
    ids = [first.read_next(TIMEOUT_MS).message_id() for _ in range(10)]
    second = client.create_reader(topic("batchreader"), ids[3])
    assert texts([second.read_next(TIMEOUT_MS) for _ in range(6)]) == numbered(10)[4:]


@check
def batch_index_acknowledgement(client):
    options = {"consumer_type": ConsumerType.Shared, "batch_index_ack_enabled": True, "negative_ack_redelivery_delay_ms": 100}
    consumer = subscribe(client, "batchindex", **options)
    send_all(client, "batchindex", numbered(10), batching_enabled=True, batching_max_publish_delay_ms=500)
    messages = receive(consumer, 10, ack=False)
    for message in messages[:4]:
        consumer.acknowledge(message)
    time.sleep(0.5)
    consumer.close()
    consumer = subscribe(client, "batchindex", **options)
    assert texts(receive(consumer, 6)) == numbered(10)[4:]


@check
def cumulative(client):
    consumer = subscribe(client, "cumulative")
    send_all(client, "cumulative", numbered(10), batching_enabled=False)
    messages = receive(consumer, 10, ack=False)
    consumer.acknowledge_cumulative(messages[6])
    consumer.close()
    consumer = subscribe(client, "cumulative")
    assert texts(receive(consumer, 3)) == numbered(10)[7:]
    assert consumer.get_last_message_id().entry_id() == messages[9].message_id().entry_id()


@check
def redeliver_all(client):
    consumer = subscribe(client, "redeliver")
    send_all(client, "redeliver", numbered(5), batching_enabled=False)
    receive(consumer, 5, ack=False)
    consumer.redeliver_unacknowledged_messages()
    assert texts(receive(consumer, 5)) == numbered(5)


@check
def too_large(client):
    producer = client.create_producer(topic("large"), batching_enabled=False)
    try:
        producer.send(b"x" * (6 * 1024 * 1024))
    except pulsar.MessageTooBig:
        pass
    else:
        raise AssertionError("a message of 6 MiB was accepted")
    producer.send(b"x" * (5 * 1024 * 1024 - 20_000))


@check
def delayed(client):
    consumer = subscribe(client, "delayed", consumer_type=ConsumerType.Shared)
    producer = client.create_producer(topic("delayed"), batching_enabled=False)
    sent = time.time()
    producer.send(b"late", deliver_at=int((sent + 1.5) * 1000))
    producer.send(b"now")
    assert texts(receive(consumer, 2)) == ["now", "late"]
    assert time.time() - sent >= 1.4


@check
def pattern(client):
    for name in ("pattern-a", "pattern-b"):
        send_all(client, name, [name])
    consumer = client.subscribe(
        __import__("re").compile(topic("pattern-") + ".*"),
        "s",
        initial_position=InitialPosition.Earliest,
        pattern_auto_discovery_period=1,
    )
    assert sorted(texts(receive(consumer, 2))) == ["pattern-a", "pattern-b"]


class Person(Record):
    name = String()
    age = Integer()


@check
def schemas(client):
    for name, schema in (("json", JsonSchema(Person)), ("avro", AvroSchema(Person))):
        consumer = client.subscribe(topic(name), "s", schema=schema, initial_position=InitialPosition.Earliest)
        client.create_producer(topic(name), schema=schema).send(Person(name="Ada", age=36))
        value = consumer.receive(TIMEOUT_MS).value()
        assert (value.name, value.age) == ("Ada", 36), name


@check
def last_sequence_id(client):
    producer = client.create_producer(topic("sequence"), producer_name="named", batching_enabled=False)
    assert producer.last_sequence_id() == -1
    for sequence_id in (3, 7, 7, 5):
        producer.send(b"x", sequence_id=sequence_id)
    producer.close()
    again = client.create_producer(topic("sequence"), producer_name="named", batching_enabled=False)
    deduplicated = admin("GET", rest("sequence") + "/stats")["deduplicationStatus"] == "Enabled"
    assert again.last_sequence_id() == (7 if deduplicated else -1)
    reader = client.create_reader(topic("sequence"), MessageId.earliest)
    count = 0
    while reader.has_message_available():
        reader.read_next(TIMEOUT_MS)
        count += 1
    assert count == (2 if deduplicated else 4), count


@check
def producer_busy(client):
    client.create_producer(topic("busy"), producer_name="one")
    other = pulsar.Client(SERVICE_URL, logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))
    try:
        other.create_producer(topic("busy"), producer_name="one")
    except pulsar.ProducerBusy:
        pass
    else:
        raise AssertionError("a second producer of the same name was accepted")
    finally:
        other.close()


@check
def missing_namespace(client):
    try:
        client.create_producer("persistent://public/missing/x")
    except pulsar.TopicNotFound:
        pass


@check
def properties_and_keys(client):
    consumer = subscribe(client, "properties")
    producer = client.create_producer(topic("properties"))
    producer.send(b"x", properties={"a": "1", "b": "ü"}, partition_key="k", ordering_key="o", event_timestamp=1234)
    message = receive(consumer, 1)[0]
    assert message.properties() == {"a": "1", "b": "ü"}
    assert (message.partition_key(), message.ordering_key(), message.event_timestamp()) == ("k", "o", 1234)


@check
def unsubscribe(client):
    consumer = subscribe(client, "unsubscribe")
    send_all(client, "unsubscribe", numbered(2))
    receive(consumer, 2)
    consumer.unsubscribe()
    assert texts(receive(subscribe(client, "unsubscribe"), 2)) == numbered(2)


@check
def unload(client):
    consumer = subscribe(client, "unload")
    producer = client.create_producer(topic("unload"), batching_enabled=False)
    producer.send(b"m0")
    admin("PUT", rest("unload") + "/unload")
    producer.send(b"m1")
    assert texts(receive(consumer, 1)) == ["m0"]
    assert "m1" in texts(receive(consumer, 1))


@check
def chunks(client):
    # last, and needs nettyMaxFrameSizeBytes=5253120 on a real broker: C++ chunks exceed 5 MiB by their headers
    consumer = subscribe(client, "chunks")
    producer = client.create_producer(topic("chunks"), batching_enabled=False, chunking_enabled=True)
    payload = bytes(range(256)) * 4096 * 12
    producer.send(payload)
    assert consumer.receive(30_000).data() == payload


def run(function):
    client = pulsar.Client(
        SERVICE_URL,
        operation_timeout_seconds=15,
        logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error),
    )
    try:
        function(client)
        return "ok"
    except BaseException as error:  # a check may fail in any way
        line = traceback.extract_tb(error.__traceback__)
        where = next((frame.lineno for frame in reversed(line) if frame.filename == __file__), 0)
        return f"line {where}: {type(error).__name__} {error}"
    finally:
        client.close()


results = {function.__name__: run(function) for function in CHECKS if len(sys.argv) < 4 or function.__name__ in sys.argv[3:]}
ok = all(result == "ok" for result in results.values())
print(json.dumps({"ok": ok, "client": pulsar.__version__, "checks": results}))
sys.exit(0 if ok else 1)
