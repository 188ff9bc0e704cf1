# SPDX-License-Identifier: Apache-2.0
"""A namespace of a test's own on real servers, and what a shop's client does there, with pika.

Nothing in here is the project's own code: slots, addresses and bodies are written down once more,
as the contract says.
"""

import functools
import json
import os
import subprocess
import time
import zlib

import pika

from live import promises

PROGRAM = os.environ.get("TILL_TEST_PROGRAM", "")


def slot(sku):
    return zlib.crc32(sku.encode()) % 1024


class Message:
    """One message as it came."""

    def __init__(self, method, properties, body):
        self.key = method.routing_key
        self.properties = properties
        self.headers = properties.headers or {}
        self.bytes = body
        self.tag = method.delivery_tag

    @functools.cached_property
    def body(self):
        return json.loads(self.bytes)

    @property
    def data(self):
        return self.body["data"]


class Corner:
    def __init__(self, name, lanes=2, amqp=None, database=None):
        self.namespace = f"{name}_{os.getpid()}"
        self.amqp = amqp or os.environ["TILL_AMQP_URL"]
        self.database = database or os.environ["TILL_DATABASE_URL"]
        self.events = []
        self.sent = 0
        self.marks = set()
        self.election = None
        self.till("setup", "--lanes", str(lanes))
        self.connect()

    def environment(self, **more):
        changed = dict(os.environ, TILL_AMQP_URL=self.amqp, TILL_DATABASE_URL=self.database,
                       TILL_NAMESPACE=self.namespace)
        changed.update(more)
        return changed

    def till(self, *arguments, check=True):
        done = subprocess.run([PROGRAM, *arguments], env=self.environment(), timeout=60,
                              capture_output=True, text=True)
        if check and done.returncode != 0:
            raise RuntimeError(f"till {' '.join(arguments)}: {done.stderr}")
        return done

    def reading(self):
        """The URL that the test itself reads the database by."""
        return self.database

    def sql(self, statement):
        """Rows of texts."""
        done = subprocess.run(
            ["psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c",
             f"SET search_path = {self.namespace}; {statement}", self.reading()],
            timeout=60, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{statement}: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def without_sweeper(self):
        """Holds its election's lock, from before a worker starts: only the test ends holds."""
        self.election = subprocess.Popen(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.database], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.election.stdin.write("SELECT 'held' FROM pg_advisory_lock(hashtextextended("
                                  f"'till sweeper ' || '{self.namespace}', 0));\n")
        self.election.stdin.flush()
        if self.election.stdout.readline() != "held\n":
            raise RuntimeError("the sweeper's election cannot be held")

    def connect(self, seconds=30):
        """A subscriber of all events, and a channel that publishes. Events already in a queue that
        outlived the broker are not lost: the queue is durable."""
        parameters = pika.URLParameters(self.amqp)
        parameters.blocked_connection_timeout = 60
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.connection = pika.BlockingConnection(parameters)
                self.channel = self.connection.channel()
                self.queue = f"{self.namespace}.sub.all"
                self.channel.queue_declare(self.queue, durable=True,
                                           arguments={"x-queue-type": "quorum"})
                break
            except (pika.exceptions.AMQPError, OSError):
                if time.monotonic() > deadline:
                    raise
                promises.pause_for(0.2)
        self.channel.queue_bind(self.queue, f"{self.namespace}.events", "#")
        self.channel.basic_consume(self.queue, self._take, auto_ack=False)

    def _take(self, channel, method, properties, body):
        channel.basic_ack(method.delivery_tag)
        if properties.type == "mark":
            self.marks.add(properties.message_id)
        else:
            self.events.append(Message(method, properties, body))

    def catch_up(self):
        """Takes all events that were published before this."""
        self.sent += 1
        mark = f"mark.{self.sent}"
        self.channel.basic_publish("", self.queue, b"", pika.BasicProperties(
            type="mark", message_id=mark, delivery_mode=2))
        self.wait("all events", lambda: mark in self.marks)

    def turn(self, seconds=0.05):
        self.connection.process_data_events(time_limit=seconds)

    def wait(self, what, condition, seconds=20):
        """Takes events until the condition is true; returns what it gave."""
        deadline = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                raise promises.Late(f"{what}: not within {seconds} s")
            self.turn()

    def send(self, job, exchange="jobs", key=None, **properties):
        """A job as an object, or bytes that may be anything. Returns its id."""
        if isinstance(job, dict):
            body = json.dumps(job, ensure_ascii=False).encode()
            items = job.get("items") or [{"sku": job.get("sku", "")}]
            key = str(slot(items[0]["sku"])) if key is None else key
        else:
            body = job
        properties.setdefault("delivery_mode", 2)
        properties.setdefault("content_type", "application/json")
        self.channel.basic_publish(f"{self.namespace}.{exchange}", "0" if key is None else key,
                                   body, pika.BasicProperties(**properties))
        self.sent += 1
        return job["id"] if isinstance(job, dict) else None

    def of(self, job_id):
        """All decisions and answers of a job that have come, in order."""
        return [event for event in self.events if event.data.get("job") == job_id]

    def ask(self, job, exchange="jobs", key=None, **properties):
        """Sends a job, and returns the next event of its id."""
        before = len(self.of(job["id"]))
        self.send(job, exchange, key, **properties)
        return self.wait(f"an event of {job}", lambda: self.of(job["id"])[before:])[0]

    def stock(self, job, key=None, **properties):
        return self.ask(job, "stock", key, **properties)

    def adjust(self, sku, qty, **more):
        self.sent += 1
        return self.stock(dict(more, id=f"adjust.{self.sent}.{slot(sku)}", kind="adjust",
                               items=[{"sku": sku, "qty": qty}]))

    def bulk(self, jobs, exchange="jobs"):
        """Publishes many on a connection of its own, and returns when the broker has them all."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp))
        channel = connection.channel()
        channel.tx_select()
        for job in jobs:
            channel.basic_publish(f"{self.namespace}.{exchange}", str(slot(job["items"][0]["sku"])),
                                  json.dumps(job).encode(), pika.BasicProperties(delivery_mode=2))
        channel.tx_commit()
        connection.close()

    def availability(self, sku, pool="main"):
        rows = self.sql("SELECT unsold, held, version FROM availability "
                        f"WHERE pool = '{pool}' AND sku = '{sku}'")
        return tuple(int(figure) for figure in rows[0]) if rows else None

    def ready(self, queue):
        """How many messages of a queue nobody has in hand."""
        channel = self.connection.channel()
        declared = channel.queue_declare(f"{self.namespace}.{queue}", passive=True)
        channel.close()
        return declared.method.message_count

    def dead(self):
        """Takes all dead letters that there are."""
        found = []
        channel = self.connection.channel()
        while True:
            method, properties, body = channel.basic_get(f"{self.namespace}.dead", auto_ack=True)
            if method is None:
                channel.close()
                return found
            found.append(Message(method, properties, body))

    def close(self):
        if self.election:
            self.election.communicate()
        if self.connection.is_open:
            self.connection.close()
        self.till("teardown", "--yes", check=False)
