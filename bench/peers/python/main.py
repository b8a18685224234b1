"""The Python client's (C++ core's) side of `npm run bench -- client`: does the one task of its argument, prints JSON."""
import json
import resource
import struct
import sys
import threading
import time
import uuid

import pulsar

MAX_PENDING = 5000
task = json.loads(sys.argv[1])
logger = pulsar.ConsoleLogger(pulsar.LoggerLevel.Error)
client = pulsar.Client(task["serviceUrl"], logger=logger)


def usage():
    own = resource.getrusage(resource.RUSAGE_SELF)
    with open("/proc/self/status") as status:
        peak_kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return own.ru_utime + own.ru_stime, peak_kib / 1024


class Window:
    """Counts messages; opens warmUpMs after the first of them and closes measureMs later."""

    def __init__(self):
        self.count = 0
        self.first = self.opened = self.result = None

    def add(self):
        self.count += 1
        if self.result is not None or self.count % 64 != 0:
            return
        now = time.perf_counter()
        self.first = self.first or now
        if self.opened is None:
            if (now - self.first) * 1000 >= task["warmUpMs"]:
                self.opened, self.at_open, self.cpu = now, self.count, usage()[0]
        elif (now - self.opened) * 1000 >= task["measureMs"]:
            self.close()

    def close(self):
        cpu, peak_mib = usage()
        messages = self.count - self.at_open
        seconds = time.perf_counter() - self.opened
        self.result = {
            "rate": messages / seconds,
            "cpuUs": (cpu - self.cpu) * 1e6 / messages,
            "peakMib": peak_mib,
        }


def create_producer():
    return client.create_producer(
        task["topic"],
        batching_enabled=task["isBatching"],
        max_pending_messages=MAX_PENDING,
        block_if_queue_full=True,
        batching_max_publish_delay_ms=10,
    )


def subscribe(position):
    return client.subscribe(task["topic"], str(uuid.uuid4()), initial_position=position)


def require_ok(result, _id):
    if result != pulsar.Result.Ok:
        raise RuntimeError(str(result))


def produce():
    window = Window()
    producer = create_producer()
    payload = b"x" * task["payloadBytes"]

    def on_receipt(result, message_id):
        require_ok(result, message_id)
        window.add()

    while window.result is None:
        producer.send_async(payload, on_receipt)
    producer.flush()
    return window.result


def receive():
    window = Window()
    consumer = subscribe(pulsar.InitialPosition.Earliest)
    while window.result is None:
        consumer.acknowledge(consumer.receive(10_000))
        window.add()
        if window.count >= task["backlog"] and window.result is None:
            window.close()
    return window.result


def latency():
    consumer = subscribe(pulsar.InitialPosition.Latest)
    producer = create_producer()
    rate = task["rate"]
    total = rate * (task["warmUpMs"] + task["measureMs"]) // 1000
    start = time.perf_counter()
    padding = b"x" * (task["payloadBytes"] - 8)

    def send():
        sent = 0
        while sent < total:
            due = min(total, int((time.perf_counter() - start) * rate))
            while sent < due:
                producer.send_async(struct.pack("<d", time.perf_counter()) + padding, require_ok)
                sent += 1
            time.sleep(0.001)

    threading.Thread(target=send).start()
    latencies = []
    for _ in range(total):
        message = consumer.receive()
        (sent_at,) = struct.unpack_from("<d", message.data())
        if (sent_at - start) * 1000 >= task["warmUpMs"]:
            latencies.append((time.perf_counter() - sent_at) * 1000)
        consumer.acknowledge(message)
    latencies.sort()
    return {"p50Ms": latencies[len(latencies) // 2], "p99Ms": latencies[len(latencies) * 99 // 100]}


result = {"produce": produce, "receive": receive, "latency": latency}[task["scenario"]]()
client.close()
print(json.dumps(result))
