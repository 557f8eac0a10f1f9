"""`properties`: dominant colours and picture quality, by DetectLabels with IMAGE_PROPERTIES (a meter of its own)."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Api, Gist, Image, Limits, Param, Params
from jobs.apis.columns import (
    BYTE,
    EMPTY,
    NUMBER,
    PERCENT,
    TEXT,
    WHOLE,
    Columns,
    column,
    highest,
    numbered,
    one_of,
    percent,
)
from jobs.apis.sights import Sight
from jobs.items import Item


def _everywhere(path: str) -> str:
    return " | ".join(f"ImageProperties.{scope}{path}" for scope in ("", "Foreground.", "Background."))


SCOPES = ("image", "foreground", "background")
SCHEMA = Columns(
    [
        one_of("scope", SCOPES, "image, foreground or background", "ImageProperties"),
        numbered("rank", "place of the colour in AWS's order; null: no colour", _everywhere("DominantColors[]")),
        column("red", WHOLE, "red, 0 to 255", _everywhere("DominantColors[].Red"), range=BYTE),
        column("green", WHOLE, "green, 0 to 255", _everywhere("DominantColors[].Green"), range=BYTE),
        column("blue", WHOLE, "blue, 0 to 255", _everywhere("DominantColors[].Blue"), range=BYTE),
        column("hex_code", TEXT, "the colour as #rrggbb", _everywhere("DominantColors[].HexCode")),
        column("css_color", TEXT, "nearest of the 140 CSS colour names", _everywhere("DominantColors[].CSSColor")),
        column(
            "simplified_color", TEXT, "one of 12 simple colour names", _everywhere("DominantColors[].SimplifiedColor")
        ),
        percent("pixel_percent", "share of the scope's pixels", _everywhere("DominantColors[].PixelPercent")),
        percent("brightness", "brightness of the scope", _everywhere("Quality.Brightness")),
        percent("sharpness", "sharpness of the scope", _everywhere("Quality.Sharpness")),
        percent("contrast", "contrast of the scope", _everywhere("Quality.Contrast")),
    ]
)
BRIEF = Columns(
    [
        column("dominant_color", TEXT, "most frequent colour as #rrggbb", "ImageProperties.DominantColors[].HexCode"),
        column("color_name", TEXT, "its simple name", "ImageProperties.DominantColors[].SimplifiedColor"),
        column("image_brightness", NUMBER, "0 to 100", "ImageProperties.Quality.Brightness", range=PERCENT),
        column("image_sharpness", NUMBER, "0 to 100", "ImageProperties.Quality.Sharpness", range=PERCENT),
        column("image_contrast", NUMBER, "0 to 100", "ImageProperties.Quality.Contrast", range=PERCENT),
    ]
)


def request(image: Image, item: Item, params: Params) -> dict[str, Any]:
    colors = {"MaxDominantColors": params["max_dominant_colors"]}
    return {"Image": image, "Features": ["IMAGE_PROPERTIES"], "Settings": {"ImageProperties": colors}}


def rows(response: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per dominant colour of each scope; a scope with a quality but no colour still has one."""
    properties = response.get("ImageProperties") or EMPTY
    for scope, part in (
        ("image", properties),
        ("foreground", properties.get("Foreground") or EMPTY),
        ("background", properties.get("Background") or EMPTY),
    ):
        quality = (part.get("Quality") or EMPTY).get
        brightness, sharpness, contrast = quality("Brightness"), quality("Sharpness"), quality("Contrast")
        colors = part.get("DominantColors")
        if colors:
            for rank, color in enumerate(colors, 1):
                get = color.get
                yield (
                    scope, rank, get("Red"), get("Green"), get("Blue"), get("HexCode"), get("CSSColor"),
                    get("SimplifiedColor"), get("PixelPercent"), brightness, sharpness, contrast,
                )  # fmt: skip
        elif part.get("Quality"):
            yield scope, None, None, None, None, None, None, None, None, brightness, sharpness, contrast


def brief(response: Mapping[str, Any]) -> tuple[Any, ...]:
    properties = response.get("ImageProperties") or EMPTY
    quality = properties.get("Quality") or EMPTY
    color = next(iter(highest(properties.get("DominantColors") or (), "PixelPercent")), EMPTY)
    return (
        color.get("HexCode"), color.get("SimplifiedColor"),
        quality.get("Brightness"), quality.get("Sharpness"), quality.get("Contrast"),
    )  # fmt: skip


API = Api(
    name="properties",
    operation="DetectLabels",
    summary="Dominant colours, brightness, sharpness and contrast of image, foreground and background.",
    sights=(Sight("colours in {n}", "no colours", "hex_code", minor=True),),
    meters=("image-properties",),
    request=request,
    answer_keys=("ImageProperties",),
    rows=rows,
    columns=SCHEMA,
    brief=brief,
    brief_columns=BRIEF,
    params=(Param("max_dominant_colors", "int", 10, "colours per scope (AWS's default: 10)", 0, 20),),
    limits=Limits(max_side=10_000),  # limits.html: 10,000 px for DetectLabels
    version_key="LabelModelVersion",
    name_column="simplified_color",
    confidence_column=None,
    shares=True,
    assumptions=(
        "A DetectLabels call for both labels and properties bills both meters, image-group-2 and image-properties.",
    ),
    gist=Gist("main colour", lambda r: brief(r)[1]),
)
