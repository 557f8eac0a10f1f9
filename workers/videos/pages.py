"""Reading an answer: its pages, one by one, into their file.

Rule: one page is in memory. What goes wrong on the way starts again at page 1, into a new file; Gets are free.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from jobs.folder import JobFolder
from jobs.folder.video_pages import PagesName, PagesWriter

Page = Mapping[str, Any]
Get = Callable[[str | None], Awaitable[Page]]  # NextToken -> page


async def keep_pages(folder: JobFolder, name: PagesName, job_id: str, first: Page, get: Get) -> None:
    """Write the answer that begins with `first` into its file; `get` brings the others. Raises what it raises."""
    writer = PagesWriter(folder, name, job_id)
    await asyncio.to_thread(writer.__enter__)
    try:
        page: Page | None = first
        number = 0
        while page is not None:
            number += 1
            await asyncio.to_thread(_append, writer, number, page)
            more = page.get("NextToken")
            page = await get(more) if more else None
        await asyncio.to_thread(writer.done)
    except BaseException as error:
        await asyncio.to_thread(writer.__exit__, type(error), error, error.__traceback__)
        raise


def _append(writer: PagesWriter, number: int, page: Page) -> None:
    answer = {name: value for name, value in page.items() if name != "ResponseMetadata"}
    try:
        text = orjson.dumps(answer).decode()
    except TypeError:  # half of a character, a number of more than 64 bits
        text = json.dumps(answer)
    writer.append(number, text)
