# SPDX-License-Identifier: Apache-2.0
"""Workers as processes, each with a log that a failing test prints."""

import atexit
import os
import re
import signal
import subprocess
import tempfile

from live import corner, promises

PLANTED = os.environ.get("TILL_TEST_PLANTED", "")


def is_stopped(process):
    """As by SIGSTOP."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "T"


class Worker:
    """A running till worker; with a plant, the test build that heeds it."""

    def __init__(self, place, plant=None, program=None, arguments=(), wait=True, **environment):
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        if plant:
            environment["TILL_TEST_PLANT"] = plant
        self.process = subprocess.Popen(
            [program or (PLANTED if plant else corner.PROGRAM), "worker", *arguments],
            env=place.environment(**environment), stdout=subprocess.DEVNULL, stderr=self.log)
        atexit.register(self.kill)  # no worker outlives its test
        if wait:
            promises.until("a worker serves", 30,
                           lambda: "worker: serving" in self.said() or self.ended() is not None)

    def unheard(self):
        """How many events no queue took: its account when it has left, else what it warned of."""
        said = self.said()
        account = re.search(r"worker: done .*unheard=(\d+)", said)
        warned = re.findall(r"(\d+) events were taken by no queue", said)
        return int(account.group(1)) if account else sum(map(int, warned))

    def said(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as log:
            return log.read()

    def ended(self):
        return self.process.poll()

    def counted(self):
        """What it said it had done when it left: {"jobs": 3, "decided": 2, ...}"""
        line = next(line for line in self.said().splitlines() if "worker: done " in line)
        pairs = line.split("worker: done ", 1)[1].split()
        return {name: int(number) for name, number in (pair.split("=") for pair in pairs)}

    def wait(self, seconds=20):
        """Its exit status; negative: the signal that killed it. None: it goes on."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=20):
        """Asks it to drain; its exit status."""
        if self.ended() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.wait(seconds)
        if status is None:
            self.kill()
        return status

    def kill(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def is_frozen(self):
        return is_stopped(self.process)

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    def threads(self):
        """What each thread is at: R at work, S asleep, D waiting for the disk."""
        found = {}
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{thread}/stat", encoding="ascii") as stat:
                found[thread] = stat.read().rsplit(")", 1)[1].split()[0]
        return found
