"""What goes wrong on purpose: processes of a driver are killed, and its way to the store is cut.

Only processes that a driver started are ever killed, each by its number, found below the driver's own.
"""

import contextlib
import os
import random
import signal
import socket
import threading
import time
from pathlib import Path


class Proxy:
    """A TCP proxy on loopback whose connections can be cut for a while."""

    def __init__(self, host, port):
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._open = set()
        self._guard = threading.Lock()
        self._cut_until = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, seconds):
        """End every connection now, and each new one for so many seconds."""
        with self._guard:
            self._cut_until = time.monotonic() + seconds
            for one in self._open:
                _shut(one)

    def close(self):
        """Take no more connections."""
        _shut(self._server)
        self._server.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.create_connection(self._target) as server:
            with self._guard:
                if time.monotonic() < self._cut_until:
                    return
                self._open |= {client, server}
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()
            with self._guard:
                self._open -= {client, server}


def _pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:  # cut
        pass
    _shut(sink)


def _shut(one):
    with contextlib.suppress(OSError):  # closed already
        one.shutdown(socket.SHUT_RDWR)


KINDS = ("driver", "worker", "raylet", "store")
WEIGHTS = (3, 4, 2, 3)


class Monkey:
    """Does so many bad things, drawn from a seed, each when a share of the rows drawn for it is there.

    Each kind comes once at least.
    """

    def __init__(self, seed, kills, rows, proxy):
        self._draw = random.Random(seed)
        at = sorted(self._draw.uniform(0.02, 0.9) * rows for _ in range(kills))
        kinds = [*KINDS, *self._draw.choices(KINDS, WEIGHTS, k=kills - len(KINDS))]
        self._draw.shuffle(kinds)
        self._left = list(zip(at, kinds, strict=True))
        self._proxy = proxy
        self.did = []

    def maybe(self, driver, rows):
        """Do the next bad thing to the driver if it is time for it."""
        if not self._left or rows < self._left[0][0]:
            return
        time.sleep(self._draw.uniform(0, 0.3))
        kind = self._left[0][1]
        if self._do(kind, driver):
            self._left.pop(0)
            self.did.append(kind)

    def _do(self, kind, driver):
        if kind == "store":
            self._proxy.cut(self._draw.uniform(0.2, 4.0))
            return True
        if kind == "driver":
            driver.send_signal(signal.SIGKILL)
            return True
        victims = [pid for pid, words in below(driver.pid) if _is(kind, words)]
        if not victims:
            return False
        return _kill(self._draw.choice(victims))


def _is(kind, words):
    return words.startswith("ray::") if kind == "worker" else words.split(" ")[0].endswith("/raylet")


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # it was as fast
        return False
    return True


def below(pid):
    """Return (number, command line) of the living processes below a process, from Linux's tables."""
    children, found, waiting = {}, [], [pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):  # gone by now
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    while waiting:
        for child in children.get(waiting.pop(), []):
            waiting.append(child)
            try:
                words = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ").strip()
            except OSError:  # gone by now
                continue
            found.append((child, words))
    return found
