"""Proxy: a way to a broker that can be cut, and made deaf, while the broker runs on.

In:  an address to listen on, the address of the broker.
Out: every connection forwarded; after `cut` all are closed and new ones refused; after `hold` nothing gets through.
"""

from __future__ import annotations

import contextlib
import socket
import threading


class Proxy:
    """Forward connections to one address."""

    def __init__(self, port: int, target: str) -> None:
        self.address = f"127.0.0.1:{port}"
        self._port, self._target = port, (target.rpartition(":")[0], int(target.rpartition(":")[2]))
        self._open: set[socket.socket] = set()
        self._flows = threading.Event()
        self._flows.set()
        self._listener: socket.socket | None = None
        self.mend()

    def mend(self) -> None:
        """Let everything through again."""
        self._flows.set()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def hold(self) -> None:
        """Take connections and bytes, and give nothing on."""
        self._flows.clear()

    def cut(self) -> None:
        """Close every connection, and refuse new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for one in list(self._open):
            self._close(one)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            self._open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._flows.wait()
                sink.sendall(data)
        self._close(source)
        self._close(sink)

    def _close(self, one: socket.socket) -> None:
        self._open.discard(one)
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
