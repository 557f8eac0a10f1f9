"""An HTTP server of a benchmark's own, on loopback, in a process of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Process, Queue


@contextmanager
def served(handler: Callable[[], type[BaseHTTPRequestHandler]]) -> Iterator[str]:
    """Its URL. `handler`: makes the class that answers, in that process."""
    ready: Queue[int] = Queue()
    server = Process(target=_serve, args=(handler, ready), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{ready.get()}"
    finally:
        server.terminate()
        server.join()


def _serve(handler: Callable[[], type[BaseHTTPRequestHandler]], ready: "Queue[int]") -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler())
    ready.put(server.server_port)
    server.serve_forever()
