# SPDX-License-Identifier: Apache-2.0
"""A subscriber that keeps of each event only what the account needs."""

import hashlib
import json
import threading

import pika

from live import promises

import load


class Witness(threading.Thread):
    def __init__(self, place):
        super().__init__(daemon=True)
        self.place = place
        self.outcomes = {}   # of each decided job: the digest of its event, and the outcome
        self.answers = {}    # of each job that was answered: the reason
        self.versions = {}   # of each SKU: the highest that came
        self.differ = set()
        self.disordered = []
        self.copies = 0
        self.host = 0
        self.connection = None
        self.ready = threading.Event()
        self.ending = threading.Event()

    def run(self):
        while not self.ending.is_set():
            try:
                self.listen()
            except load.LOST:
                self.host += 1
                promises.pause_for(0.2)

    def listen(self):
        """The queue is durable, so that nothing is missed between two connections, and has one
        consumer at a time: else what an old connection still has in hand would come behind what
        the new one gets."""
        connection = pika.BlockingConnection(load.parameters(self.place.amqp, self.host))
        channel = connection.channel()
        queue = f"{self.place.namespace}.sub.chaos"
        channel.queue_declare(queue, durable=True, arguments={
            "x-queue-type": "quorum", "x-single-active-consumer": True})
        channel.queue_bind(queue, f"{self.place.namespace}.events", "#")
        channel.basic_qos(prefetch_count=200)
        channel.basic_consume(queue, self.take)
        self.ready.set()
        while not self.ending.is_set():
            connection.process_data_events(time_limit=0.2)
        connection.close()

    def take(self, channel, method, _properties, body):
        self.see(body)
        channel.basic_ack(method.delivery_tag)

    def see(self, body):
        event = json.loads(body)
        data = event["data"]
        self.copies += 1
        if event["source"].endswith("/answers"):
            self.answers[data["job"]] = data["reason"]
        elif not event["source"].endswith("/stock"):
            digest = hashlib.sha1(body).digest()
            outcome = data["outcome"] + (" " + data["reason"] if data["reason"] else "")
            if self.outcomes.setdefault(event["id"], (digest, outcome))[0] != digest:
                self.differ.add(event["id"])
            self.order(event["id"], data)

    def order(self, job, data):
        for item in data["items"]:
            if "version" not in item or item["sku"] in load.SHARED:
                continue  # a cart's event may overtake those of another lane
            before = self.versions.get(item["sku"], 0)
            if item["version"] > before + 1:
                self.disordered.append((job, item["sku"], before, item["version"]))
            self.versions[item["sku"]] = max(before, item["version"])
