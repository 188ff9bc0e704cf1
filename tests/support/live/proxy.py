# SPDX-License-Identifier: Apache-2.0
"""TCP proxies on loopback that cut connections, when something particular is on its way or by
chance, or swallow it."""

import random
import select
import socket
import threading


class Proxy:
    """Relays to a port. What a server says that contains the words is not passed on, and its
    connection is cut: the first so many times."""

    cutting = True

    def __init__(self, port, words, cuts):
        self.port_behind = port
        self.words = words
        self.cuts_left = cuts
        self.cuts = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _to_be_cut(self, data):
        with self.lock:
            if self.cuts_left == 0 or self.words not in data:
                return False
            self.cuts_left -= 1
            self.cuts += 1
            return True

    def _relay(self, client):
        with client, socket.create_connection(("127.0.0.1", self.port_behind)) as server:
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for source in ready:
                    try:
                        data = source.recv(65536)
                        if not data:
                            return
                        if source is server and self._to_be_cut(data):
                            if self.cutting:
                                return
                            continue
                        (client if source is server else server).sendall(data)
                    except OSError:
                        return

    def close(self):
        self.listener.close()


class Silence(Proxy):
    """Swallows what the server says with these words, and leaves the connection as it is."""

    cutting = False

    def __init__(self, port, words):
        super().__init__(port, words, -1)


class Chance(Proxy):
    """Cuts by chance, at whatever a server says, as often as it is told to. The same seed draws
    the same numbers, though what they meet is never the same."""

    def __init__(self, port, seed, one_in):
        self.random = random.Random(seed)
        self.one_in = one_in
        super().__init__(port, b"", 0)

    def cut_more(self, cuts):
        with self.lock:
            self.cuts_left = cuts

    def _to_be_cut(self, data):
        with self.lock:
            drawn = self.cuts_left > 0 and self.random.randrange(self.one_in) == 0
        return drawn and super()._to_be_cut(data)
