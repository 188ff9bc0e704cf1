# SPDX-License-Identifier: Apache-2.0
"""Publishers: each sends jobs on one channel, again while it is unknown if the broker has them.

A publisher has SKUs of its own, whose decisions a sequential model can tell, and shares others. The
first of its own goes to the sorter, for it has no routing key; and no holds, for a commit without a
key is in order behind its reserve only when that is decided.
"""

import json
import random
import threading
import time

import pika
import pika.adapters.utils.connection_workflow

from live import corner, promises

# How pika says that a connection is lost. It meets None in its own when that happens in the middle,
# and has a family of its own for what happens while connecting.
LOST = (pika.exceptions.AMQPError, OSError, AttributeError,
        pika.adapters.utils.connection_workflow.AMQPConnectorException)
SHARED = ["shared-0", "shared-1", "shared-2"]
OWN_SKUS = 4


def parameters(url, host):
    """To one host of the URL, with bounds: a frozen one takes connections and says nothing."""
    credentials, rest = url.split("@", 1)
    hosts, vhost = rest.split("/", 1)
    chosen = hosts.split(",")
    found = pika.URLParameters(f"{credentials}@{chosen[host % len(chosen)]}/{vhost}")
    found.socket_timeout = 3
    found.stack_timeout = 5
    found.heartbeat = 4
    found.blocked_connection_timeout = 10
    return found


class Publisher(threading.Thread):
    def __init__(self, number, place, seed, pause):
        super().__init__(daemon=True)
        self.number = number
        self.place = place
        self.random = random.Random(f"{seed}.{number}")
        self.pause = pause
        self.own = [f"own-{number}-{index}" for index in range(OWN_SKUS)]
        self.sent = []  # all jobs that the broker has confirmed, in order
        self.confirmed = {}  # when, by id
        self.holds = {sku: [] for sku in self.own}
        self.unknown = 0  # how often it had to ask again
        self.host = number
        self.connection = None
        self.channel = None
        self.finished = False
        self.ending = threading.Event()
        self.paused = threading.Event()
        self.homeward = threading.Event()  # it is to go back to the host that it began with

    def end(self):
        self.ending.set()

    def run(self):
        for sku in self.own:
            self.publish(self.stock(sku, 40))
        for sku in SHARED:
            self.publish(self.stock(sku, 40))
        while not self.ending.is_set():
            if self.homeward.is_set():
                self.homeward.clear()
                self.leave()
                self.host = self.number
            if self.paused.is_set():
                self.idle(0.05)
                continue
            if self.sent and self.random.random() < 0.02:
                self.publish(self.random.choice(self.sent[-50:]), again=True)
            else:
                self.publish(self.draw())
            self.idle(self.pause)
        self.leave()
        self.finished = True

    def idle(self, seconds):
        """Keeps its connection alive meanwhile."""
        try:
            if self.connection is not None:
                self.connection.sleep(seconds)
                return
        except LOST:
            self.leave()
        promises.pause_for(seconds)

    def leave(self):
        connection, self.connection = self.connection, None
        if connection is None:
            return
        try:
            connection.close()
        except LOST:
            pass  # it is gone already

    def new_id(self, kind):
        return f"{self.number}.{len(self.sent)}.{kind}"

    def stock(self, sku, qty):
        return {"id": self.new_id("adjust"), "kind": "adjust", "items": [{"sku": sku, "qty": qty}]}

    def sale(self, kind, items):
        job = {"id": self.new_id(kind), "customer": f"c-{self.number}", "items": items}
        return job if kind == "checkout" else dict(job, kind=kind, ttl=2592000)

    def draw(self):
        """The next job. Carts are of shared SKUs: they may be in several lanes."""
        dice = self.random.random()
        if dice < 0.25:
            skus = self.random.sample(SHARED, self.random.randint(1, len(SHARED)))
            return self.sale("checkout", [{"sku": sku, "qty": 1} for sku in skus])
        if dice < 0.30:
            return self.stock(self.random.choice(SHARED), self.random.randint(1, 20))
        sku = self.random.choice(self.own)
        if dice < 0.40:
            return self.stock(sku, self.random.choice([25, 10, 5, -3]))
        if dice < 0.70 or sku == self.own[0]:
            return self.sale("checkout", [{"sku": sku, "qty": self.random.randint(1, 3)}])
        if dice < 0.85 or not self.holds[sku]:
            job = self.sale("reserve", [{"sku": sku, "qty": self.random.randint(1, 3)}])
            self.holds[sku] = self.holds[sku][-5:] + [job["id"]]
            return job
        kind = self.random.choice(["commit", "commit", "release"])
        return {"id": self.new_id(kind), "kind": kind, "hold": self.random.choice(self.holds[sku]),
                "x-sku": sku}

    @staticmethod
    def sku_of(job):
        """The SKU whose slot is the job's."""
        return job["x-sku"] if "x-sku" in job else job["items"][0]["sku"]

    def publish(self, job, again=False):
        """Until it is confirmed; a publisher gives up nothing."""
        sku = self.sku_of(job)
        exchange = "stock" if job.get("kind") == "adjust" else "jobs"
        key = "" if sku == self.own[0] else str(corner.slot(sku))
        body = json.dumps({name: job[name] for name in job if name != "x-sku"}).encode()
        properties = pika.BasicProperties(delivery_mode=2, content_type="application/json",
                                          message_id=job["id"])
        while True:
            try:
                self.connect()
                self.channel.basic_publish(f"{self.place.namespace}.{exchange}", key, body,
                                           properties, mandatory=True)
                break
            except LOST:  # or nacked, or returned: unknown
                self.unknown += 1
                self.leave()
                self.host += 1
                promises.pause_for(0.1)
        if not again:
            self.confirmed[job["id"]] = time.time()
            self.sent.append(job)

    def connect(self):
        if self.connection is None:
            self.connection = pika.BlockingConnection(parameters(self.place.amqp, self.host))
            self.channel = self.connection.channel()
            self.channel.confirm_delivery()


def begin(place, count, seed, pause):
    publishers = [Publisher(number, place, seed, pause) for number in range(count)]
    for publisher in publishers:
        publisher.start()
    return publishers


def end(publishers, seconds):
    """Returns those that could not have their last job confirmed."""
    deadline = time.monotonic() + seconds
    for publisher in publishers:
        publisher.end()
    for publisher in publishers:
        publisher.join(max(0.0, deadline - time.monotonic()))
    return [publisher.number for publisher in publishers if not publisher.finished]
