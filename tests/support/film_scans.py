"""Scans of films as a user runs them: S3 by moto, an emulator that reads it, answers soon looked at."""

from typing import Any, Protocol

import orjson

from jobs.folder import JobFolder
from jobs.folder.video_pages import PagesReader, newest_pages
from tests.support.s3_server import S3Server
from tests.support.scans import Emulator, Scan, Tables

SOON = {"REKSCAN_VIDEO_LOOK_SECONDS": "0.2", "REKSCAN_VIDEO_HOLD_SECONDS": "0.5", "REKSCAN_LEASE_SECONDS": "2"}
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
ENV = {**SOON, **KEYS}


class Endpoint(Protocol):
    url: str


def scan_of(home: Any, source: str, apis: str, s3: S3Server, rekognition: Endpoint, *more: str, **env: str) -> Scan:
    """`rekscan scan` of films."""
    where = ("--rekognition-endpoint-url", rekognition.url, "--s3-endpoint-url", s3.url)
    return Scan("scan", source, "--api", apis, "--yes", "--json", *where, *more, home=home, env=ENV | env)


def again(home: Any, command: str, *more: str) -> Scan:
    """`rekscan resume`, `rekscan retry`."""
    return Scan(command, "last", "--json", *more, home=home, env=ENV)


def calls(status: dict[str, Any]) -> dict[str, tuple[int, int, int, int]]:
    """By API: planned, ok, skipped, failed."""
    names = ("planned", "ok", "skipped", "failed")
    return {api: tuple(of[name] for name in names) for api, of in status["by_api"].items()}


def film_rows(found: Tables) -> list[dict[str, Any]]:
    return [row for row in found.outcomes() if row["api"].startswith("video")]


def pages_of(found: Tables, api: str) -> dict[int, list[Any]]:
    """Item -> the pages of the answer that counts."""
    folder = JobFolder(str(found.folder.parent), found.folder.name)
    pages = {}
    for item, name in newest_pages(folder, api).items():
        with PagesReader(folder, name) as reader:
            pages[item] = [orjson.loads(page) for page in reader]
    return pages


def findings(found: Tables, api: str, key: str) -> dict[int, list[Any]]:
    """Item -> what was found, whatever pages it came in."""
    return {item: [one for page in pages for one in page[key]] for item, pages in pages_of(found, api).items()}


def starts(rekognition: Emulator) -> dict[str, int]:
    """How often each film was paid for, over all APIs."""
    paid: dict[str, int] = {}
    for operation, by_film in rekognition.billed().items():
        if operation.startswith("Start"):
            for film, times in by_film.items():
                paid[f"{operation} {film}"] = times
    return paid
