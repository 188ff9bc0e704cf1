# SPDX-License-Identifier: Apache-2.0
"""A TCP cable on loopback that can be cut, in one direction or both, and mended.

What is sent into a cut cable waits, as in a network that will be mended: TCP sends it again then.
"""

import socket
import threading


class Cable:
    def __init__(self, address):
        self.behind = address  # (host, port)
        self.open = {"there": threading.Event(), "back": threading.Event()}
        self.pairs = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.mend()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, *directions):
        """there: what clients say; back: what the server says."""
        for direction in directions:
            self.open[direction].clear()

    def mend(self):
        for direction in self.open.values():
            direction.set()

    def break_connections(self):
        """Both sides see their connections end; new ones may begin."""
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self._end(pair)

    def _end(self, pair):
        with self.lock:
            if pair not in self.pairs:
                return
            self.pairs.remove(pair)
        for side in pair:
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself
            side.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client):
        self.open["there"].wait()
        self.open["back"].wait()
        try:
            server = socket.create_connection(self.behind, 30)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for side in (client, server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        with self.lock:
            self.pairs.add(pair)
        threading.Thread(target=self._relay, args=(pair, server, client, "back"),
                         daemon=True).start()
        self._relay(pair, client, server, "there")

    def _relay(self, pair, source, target, direction):
        try:
            while True:
                data = source.recv(65536)
                self.open[direction].wait()
                if not data:
                    break
                target.sendall(data)
        except OSError:
            pass  # one of them has ended
        self._end(pair)

    def close(self):
        self.listener.close()
        self.mend()
        self.break_connections()
