# SPDX-License-Identifier: Apache-2.0
"""A test with a load of its own: what is done is in the test's hands, what must be true is not."""

import functools
import os
import random
import time

from live import corner, promises

import judge
import load
import stage
import witness


def bound(test, *arguments):
    """A test of arguments, as promises.run wants it: without, and with its name."""
    @functools.wraps(test)
    def run():
        return test(*arguments)
    return run


class Scene:
    def __init__(self, name, cluster=False, standby=False, members=2, lanes=4, options=""):
        self.stage = stage.Stage(f"{name}-{os.getpid()}", cluster, standby, corner.PROGRAM)
        self.stage.options = options
        self.random = random.Random(name)
        self.lanes = lanes
        self.members = members
        self.publishers = []
        self.witness = None

    def __enter__(self):
        try:
            self.begin()
        except BaseException:
            self.stage.down()
            raise
        return self

    def begin(self):
        self.stage.up(self.lanes)
        self.witness = witness.Witness(self.stage.place)
        self.witness.start()
        promises.until("the subscriber's queue", 60, self.witness.ready.is_set)
        for _ in range(self.members):
            self.stage.join()
        for member in self.stage.members:
            promises.until("a worker serves", 60, member.serves)
        self.publishers = load.begin(self.stage.place, 6, self.random.random(), 0.01)
        self.await_progress("at first", 60)

    def __exit__(self, kind, *_):
        if kind is not None:
            for member in self.stage.members:
                print(member.worker.said()[-3000:])
        self.stage.down()

    def progress(self):
        """How many decisions each lane has made, as far as the primary knows."""
        return {int(lane): int(count) for lane, count in self.stage.place.sql(
            "SELECT lane, max(n) FROM decision GROUP BY lane")}

    def await_progress(self, what, seconds):
        """Every lane decides something that it had not when this began; how long that took."""
        began = time.monotonic()
        before = self.progress()

        def gone_on():
            now = self.progress()
            return len(now) == self.lanes and all(
                now[lane] > before.get(lane, 0) for lane in now)
        promises.until(f"{what}: every lane goes on", seconds, gone_on, 0.1)
        return time.monotonic() - began

    def longest_wait(self, since):
        """Of a job, from the broker's confirm to its decision: what the publishers themselves need
        to find another node is not in it. Only of jobs that are decided."""
        decided = self.stage.place.sql("SELECT id, extract(epoch FROM decided_at) FROM decision "
                                       f"WHERE decided_at > to_timestamp({since})")
        confirmed = {job: at for publisher in self.publishers
                     for job, at in list(publisher.confirmed.items())}
        return max((float(at) - confirmed[job] for job, at in decided if job in confirmed),
                   default=0.0)

    def spread(self):
        """Publishers and the queues' leaders over all nodes. Else all publishers are one day on the
        node that is lost, and what they need to notice that, for which pika takes its time, is all
        that can be seen; and no leader is, so that nothing is lost with it."""
        self.stage.stack("rabbitmqctl", "eval", 'rabbit_amqqueue:rebalance(quorum, ".*", ".*").')
        for publisher in self.publishers:
            publisher.homeward.set()
        self.await_progress("spread", 60)

    def pause(self, paused):
        for publisher in self.publishers:
            if paused:
                publisher.paused.set()
            else:
                publisher.paused.clear()

    def finish(self, what):
        """Ends the load and looks at all of it."""
        stuck = load.end(self.publishers, 120)
        promises.same(f"{what}: every publisher had its jobs confirmed", [], stuck)
        found = judge.Account(self.stage.place, self.publishers, self.witness)
        found.wait(60)
        for member in list(self.stage.members):
            self.stage.leave(member)
        promises.same(f"{what}: all workers leave in order", [], self.stage.faults)
        if self.stage.cluster:
            found.tell_again(self.stage.unheard())
        promises.same(f"{what}: {len(found.jobs)} jobs, none lost, none twice, in order", [],
                      found.judge())
