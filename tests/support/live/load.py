# SPDX-License-Identifier: Apache-2.0
"""Several shops that publish at once, each on one channel, and an account of what became of it."""

import json
import threading

import pika

from live import corner, promises


class Publisher(threading.Thread):
    """Publishes numbered checkouts of all SKUs in turn; goes on to the next when the broker has
    confirmed one. What it does not know of, after a lost connection, it publishes again."""

    def __init__(self, place, name, skus, pause):
        super().__init__(daemon=True)
        self.place, self.name, self.skus, self.pause = place, name, skus, pause
        self.accepted = []
        self.refused = []  # returned, or not taken
        self.lost = 0      # connections
        self.ending = threading.Event()
        self.start()

    def _connect(self):
        parameters = pika.URLParameters(self.place.amqp)
        while not self.ending.is_set():
            try:
                channel = pika.BlockingConnection(parameters).channel()
                channel.confirm_delivery()
                return channel
            except (pika.exceptions.AMQPError, OSError):
                promises.pause_for(0.1)
        return None

    def _publish(self, channel, job):
        channel.basic_publish(
            f"{self.place.namespace}.jobs", str(corner.slot(job["items"][0]["sku"])),
            json.dumps(job).encode(), pika.BasicProperties(delivery_mode=2), mandatory=True)

    def run(self):
        channel, number = self._connect(), 0
        while not self.ending.is_set():
            sku = self.skus[number % len(self.skus)]
            job = {"id": f"{self.name}.{number}", "customer": self.name,
                   "items": [{"sku": sku, "qty": 1}]}
            try:
                self._publish(channel, job)
            except (pika.exceptions.UnroutableError, pika.exceptions.NackError) as refused:
                self.refused.append((job["id"], repr(refused)))
            except (pika.exceptions.AMQPError, OSError):
                self.lost += 1
                channel = self._connect()
                continue
            self.accepted.append(job["id"])
            number += 1
            promises.pause_for(self.pause)
        if channel is not None and channel.is_open:
            channel.connection.close()


class Load:
    """Jobs of some SKUs, of which there is always enough."""

    def __init__(self, place, name, publishers=4, skus=24, pause=0.01):
        self.place, self.name = place, name
        self.skus = [f"{name} {number}" for number in range(skus)]
        for sku in self.skus:
            place.adjust(sku, 1000000)
        self.publishers = [Publisher(place, f"{name}-{number}", self.skus, pause)
                           for number in range(publishers)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for publisher in self.publishers:
            publisher.ending.set()
        for publisher in self.publishers:
            publisher.join(60)

    def count(self):
        return sum(len(publisher.accepted) for publisher in self.publishers)

    def flows(self, jobs=50):
        """Returns when so many more jobs were accepted."""
        wanted = self.count() + jobs
        promises.until("jobs are accepted", 60, lambda: self.count() >= wanted)

    def end(self):
        """Returns when all that was accepted is decided and told."""
        self.__exit__()
        try:
            self.place.wait("all jobs", lambda: not self.untold(), 120)
        except promises.Late:
            pass  # whoever judges finds out which

    def jobs(self):
        return [job for publisher in self.publishers for job in publisher.accepted]

    def untold(self):
        told = {event.data["job"] for event in self.place.events if "job" in event.data}
        return [job for job in self.jobs() if job not in told]

    def undecided(self):
        rows = self.place.sql(f"SELECT id FROM decision WHERE id LIKE '{self.name}-%'")
        decided = {row[0] for row in rows}
        return [job for job in self.jobs() if job not in decided]

    def out_of_order(self):
        """Of each SKU and publisher, decisions that came before one that was sent earlier."""
        rows = self.place.sql("SELECT sku, version, job FROM movement WHERE job LIKE "
                              f"'{self.name}-%' ORDER BY sku, version")
        last, wrong = {}, []
        for sku, version, job in rows:
            publisher, number = job.rsplit(".", 1)
            if int(number) < last.get((sku, publisher), -1):
                wrong.append((sku, version, job, last[(sku, publisher)]))
            last[(sku, publisher)] = max(int(number), last.get((sku, publisher), -1))
        return wrong

    def longest_pause(self):
        """Seconds in which a SKU was not sold, though jobs came in all the time."""
        rows = self.place.sql("SELECT sku, extract(epoch FROM max(gap)) FROM (SELECT sku, at - "
                              "lag(at) OVER (PARTITION BY sku ORDER BY version) AS gap FROM "
                              f"movement WHERE job LIKE '{self.name}-%') AS g GROUP BY sku")
        return max(float(row[1]) for row in rows)
