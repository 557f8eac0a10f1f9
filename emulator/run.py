"""Starting and stopping one emulator: options in, a listening socket out, everything it started gone at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Coroutine
from typing import Any

from emulator.about import limits
from emulator.engine.data_folder import open_jobs, open_versions
from emulator.engine.fixed import FixedEngine
from emulator.errors import OptionError
from emulator.operations import operation_of
from emulator.options import Options
from emulator.server.behaviour import Behaviour, Quotas, parse_fault, parse_latency, parse_quotas
from emulator.server.connections import Connection, Listener
from emulator.server.doors import Doors
from emulator.server.server import Engine, Server, refuse
from emulator.server.signature import Verifier, parse_key

BACKLOG = 4096


def check(options: Options) -> None:
    """Raises OptionError for numbers and places that cannot be."""
    for name, value, least in (
        ("--workers", options.workers, 1),
        ("--quota-scale", options.quota_scale, 0),
        ("--quota-burst", options.quota_burst, 1),
        ("--ramp", options.ramp, 1),
        ("--video-jobs", options.video_jobs, 1),
        ("--model-seconds", options.model_seconds, 0),
        ("--request-timeout", options.request_timeout, 0),
    ):
        if value is not None and not least <= value < float("inf"):
            raise OptionError(f"{name} {value}: write a number of at least {least}")
    if options.ready_file is not None and not options.ready_file.parent.is_dir():
        raise OptionError(f"--ready-file {options.ready_file}: make its folder first")


def behaviour(options: Options) -> Behaviour:
    rates = parse_quotas(options.quota, options.quota_scale, operation_of)
    return Behaviour(
        quotas=Quotas(rates, options.quota_burst, options.ramp),
        latency=parse_latency(options.latency),
        faults=[parse_fault(text, operation_of) for text in options.fault],
        seed=options.seed,
    )


def doors(options: Options) -> Doors:
    return Doors(frozenset(name.lower().rstrip(".") for name in (options.host, *options.allow_host)))


def run(options: Options) -> int:
    """Serve until SIGTERM or SIGINT; raises OptionError for options that cannot be."""
    check(options)
    conduct = behaviour(options)
    verifier = parse_key(options.verify_key)
    listening = _bind(options.host, options.port)
    try:
        import uvloop
    except ImportError:
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with runner:
        return runner.run(_serve(options, conduct, verifier, listening))


async def _serve(options: Options, conduct: Behaviour, verifier: Verifier | None, listening: socket.socket) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.end_with_stdin:
        threading.Thread(target=_watch_stdin, args=(loop, stop), daemon=True).start()
    async with contextlib.AsyncExitStack() as stack:
        engine = await _unless(stop, _engine(options, stack))
        if engine is None:
            return 0
        publishing = _publish(options, engine)
        server = Server(engine, conduct, verifier=verifier, doors=doors(options))
        listener = Listener(server.handle, refuse, loop, request_seconds=options.request_timeout)
        serving = await loop.create_server(lambda: Connection(listener), sock=listening, backlog=BACKLOG)
        sweeper = asyncio.create_task(_sweep(listener))
        _announce(options, listening.getsockname()[1])
        await stop.wait()
        sweeper.cancel()
        if publishing is not None:
            publishing.cancel()
        serving.close()
        for connection in list(listener.connections):
            connection.abort()
    return 0


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Its end is that of whoever started us, however that came."""
    with contextlib.suppress(OSError):  # closed from the start
        while os.read(0, 4096):
            pass
    with contextlib.suppress(RuntimeError):  # the loop is over already
        loop.call_soon_threadsafe(stop.set)


async def _unless(stop: asyncio.Event, starting: Coroutine[Any, Any, Engine]) -> Engine | None:
    """The engine once it is ready; None when told to stop before that."""
    start, stopped = asyncio.create_task(starting), asyncio.create_task(stop.wait())
    await asyncio.wait((start, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not start.done():
        start.cancel()
        await asyncio.wait((start,))
    return None if start.cancelled() else start.result()


async def _engine(options: Options, stack: contextlib.AsyncExitStack) -> Engine:
    if options.engine == "fixed":
        jobs = stack.enter_context(open_jobs(options.data_dir, options))
        return FixedEngine(jobs, stack.enter_context(open_versions(options.data_dir, options)))
    from emulator.engine.models_engine import ModelEngine  # boto3 takes its time, and a recording needs none

    return await stack.enter_async_context(ModelEngine.start(options))


def _publish(options: Options, engine: Engine) -> asyncio.Task[None] | None:
    endpoint = options.sns_endpoint_url or os.environ.get("AWS_ENDPOINT_URL_SNS")
    if not endpoint:
        return None
    from emulator.engine.notices import Notices  # boto3, as above

    return asyncio.create_task(Notices(engine.videos.jobs, endpoint).publish())


async def _sweep(listener: Listener) -> None:
    while True:
        await asyncio.sleep(1.0)
        listener.sweep()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as failure:
        listening.close()
        raise OptionError(f"cannot listen on {host}:{port}: {failure}; choose another --port") from None
    listening.setblocking(False)
    return listening


def _announce(options: Options, port: int) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    url = f"http://{host}:{port}"
    print(f"listening on {url}", flush=True)
    _confess(options)
    if options.ready_file is not None:
        part = options.ready_file.with_suffix(options.ready_file.suffix + ".part")
        part.write_text(url + "\n")
        part.replace(options.ready_file)


def _confess(options: Options) -> None:
    """Say what the answers are worth."""
    if options.engine == "fixed":
        print("every answer is a recording: nothing is looked at", file=sys.stderr, flush=True)
        return
    print("answers come from open models, not from AWS (--about):", file=sys.stderr)
    for line in limits():
        print(f"  {line}", file=sys.stderr, flush=True)
