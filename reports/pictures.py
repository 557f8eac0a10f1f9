"""Items as pictures in a notebook: `open_item(row)` and `draw_boxes(image, rows)`.

Rule: pictures are shown upright, as Rekognition saw them, so that boxes (ratios of the upright picture) lie right.
"""

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd
from PIL import Image, ImageColor, ImageDraw, ImageFont, ImageOps

from jobs.errors import RekscanError
from jobs.formats.raw import RAW, READABLE
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.fitted import Unfit
from jobs.media.origins import Loaded, load_local
from jobs.media.raw import preview
from jobs.redact import hides_something
from jobs.uris import is_local
from jobs.video.frames import FilmFrames, new_pool

Fetch = Callable[[Item], Loaded | Skip]
COLORS = ("#1fb6c1", "#f08a24", "#a56eff", "#e8468a", "#57b345", "#4d8dff", "#d1a400", "#8a97a6")


def open_item(
    row: Mapping[str, Any] | pd.Series, *, fetch: Fetch | None = None, s3: Callable[[], Any] | None = None
) -> Image.Image:
    """The picture of a table's row (anything with a `uri`), upright, in memory.

    `fetch` gets items that are not local files, `s3` makes a boto3 client, for frames of films.
    Raises RekscanError when it cannot be read.
    """
    if is_frame(row):
        return _frame(str(row["video"]), int(row["timestamp_ms"]), s3)
    if hides_something(str(row["uri"])):
        what = f"{row['uri']} cannot be fetched: tables do not keep what its address was signed with"
        raise RekscanError(what, "The manifest of the job has the whole address, under the same item_id.")
    item = Item(int(row.get("item_id") or 0), str(row["uri"]), "image")
    if not is_local(item.uri) and fetch is None:
        raise RekscanError(f"{item.uri} is not on this machine", "Use rekscan.open_item, which fetches it.")
    loaded = load_local(item) if is_local(item.uri) or fetch is None else fetch(item)
    if isinstance(loaded, Skip):
        raise RekscanError(f"cannot open {item.uri}: {loaded.message}", "Is it still there, and may you read it?")
    if loaded.data is None:
        raise RekscanError(f"{item.uri} is no picture", "Only pictures can be opened.")
    data = loaded.data
    if loaded.header.format in RAW:
        data = _preview(item, data, loaded.header.format)
    if loaded.header.format == "heic":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    image = Image.open(io.BytesIO(data))
    return (image if loaded.header.format == "png" else ImageOps.exif_transpose(image)).convert("RGB")


def is_frame(row: Mapping[str, Any] | pd.Series) -> bool:
    """Whether a row is of a frame of a film."""
    film = row.get("video")
    return film is not None and not pd.isna(film)


def _frame(film: str, at_ms: int, s3: Callable[[], Any] | None) -> Image.Image:
    if not is_local(film) and s3 is None:
        raise RekscanError(f"{film} is not on this machine", "Use rekscan.open_item, which fetches it.")
    with new_pool(1) as pool:
        found = FilmFrames(pool, s3 or _nobody).run(Item(0, film, "video"), [at_ms])
    taken = found if isinstance(found, Skip) else found.pictures[0]
    if isinstance(taken, Skip):
        do = taken.fault.do if taken.fault and taken.fault.do else "Is it still there, and may you read it?"
        raise RekscanError(f"cannot open {film} at {at_ms / 1000:g} s: {taken.message}", do)
    return Image.open(io.BytesIO(taken)).convert("RGB")


def _nobody() -> Any:
    raise AssertionError("a file of this machine needs no S3")


def _preview(item: Item, data: bytes, name: str) -> bytes:
    if not READABLE:
        raise RekscanError(f"cannot open {item.uri}: a RAW photograph", "pip install 'rekscan[raw]'")
    try:
        return preview(data, name)[0]
    except Unfit as error:
        raise RekscanError(f"cannot open {item.uri}: {error.message}", "Is it whole?") from error


def draw_boxes(image: Image.Image, rows: pd.DataFrame | Iterable[Mapping[str, Any]]) -> Image.Image:
    """A copy of `image` with the boxes of `rows` (columns left, top, width, height; name and confidence if there)."""
    canvas = image.convert("RGB")
    if canvas is image:
        canvas = image.copy()
    pen = ImageDraw.Draw(canvas)
    line = max(2, round(max(canvas.size) / 400))
    letters = max(12, round(max(canvas.size) / 45))  # pixels high
    font = ImageFont.load_default(size=letters)
    records = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else list(rows)
    colors: dict[str, str] = {}
    for record in records:
        sides = [record.get(side) for side in ("left", "top", "width", "height")]
        if any(side is None or pd.isna(side) for side in sides):
            continue
        left, top, width, height = (float(side) for side in sides if side is not None)
        label = _label(record)
        color = colors.setdefault(label.rpartition(" ")[0] or label, COLORS[len(colors) % len(COLORS)])
        x, y = left * canvas.width, top * canvas.height
        pen.rectangle((x, y, x + width * canvas.width, y + height * canvas.height), outline=color, width=line)
        if label:
            place = (x + line, y - letters * 1.3 if y > letters * 1.3 else y + line)
            pen.rectangle(pen.textbbox(place, label, font=font), fill=ImageColor.getrgb(color))
            pen.text(place, label, font=font, fill="black")
    return canvas


def _label(record: Mapping[str, Any]) -> str:
    """`Dog 98`, out of whatever columns there are."""
    name = next((record[column] for column in ("name", "text", "emotion") if record.get(column) is not None), "")
    confidence = record.get("confidence")
    known = confidence is not None and not pd.isna(confidence)
    return f"{'' if pd.isna(name) else name} {confidence:.0f}".strip() if known else str(name)
