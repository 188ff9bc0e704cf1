# SPDX-License-Identifier: Apache-2.0
"""till watch as a process, with what it has printed so far."""

import atexit
import os
import signal
import subprocess
import threading

from live import corner, promises


class Watcher:
    """Follows events from the moment in which it is made."""

    def __init__(self, place, *arguments, ready="watching", **environment):
        self.lines = []
        self.told = []
        self.process = subprocess.Popen(
            [corner.PROGRAM, "watch", *arguments], env=place.environment(**environment),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        atexit.register(self.end, signal.SIGKILL)
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True) for pair in (
            (self.process.stdout, self.lines), (self.process.stderr, self.told))]
        for reader in self.readers:
            reader.start()
        if ready:
            promises.until("it watches", 20, lambda: self.has_told(ready))

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line.rstrip(b"\n"))

    def has_told(self, words):
        return any(words.encode() in line for line in self.told)

    def seen(self, words):
        """The lines with these words."""
        return [line for line in self.lines if words.encode() in line]

    def wait(self, seconds=20):
        """Its exit status, once all that it printed is here; None: it goes on."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        for reader in self.readers:
            reader.join(5)
        return status

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        return self.wait()
