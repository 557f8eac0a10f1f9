"""The pool of model processes, with real ones."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from emulator.engine.pool import Pool
from emulator.errors import AwsError
from emulator.photos import photo


def test_a_picture_is_decoded_once_for_all_that_is_asked_of_it() -> None:
    """Asked again without its bytes, only a process that kept it decoded can answer."""

    async def ask() -> None:
        pool = Pool(2)
        await pool.start()
        try:
            for name in ("hopper.jpg", "cat.jpg", "coffee.jpg"):
                data = photo(name)
                key = hashlib.sha256(data).hexdigest()
                first = await pool.look(key, data, ["faces"])
                second = await pool.look(key, b"", ["scene"])
                assert second["faces"] == first["faces"]
                assert len(second["scene"]) == 5
            with pytest.raises(AwsError, match="InvalidImageFormatException"):
                await pool.look("another", b"", ["scene"])
        finally:
            await pool.stop()

    asyncio.run(ask())
