"""`rekscan apis`: the catalogue, for people, scripts and docs/apis.md. Everything here is read from `jobs.apis`."""

from collections.abc import Iterator
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from jobs.apis import catalogue, video_catalogue
from jobs.apis.base import Api, ApiEntry, Param
from rekscan.console.output import print_json, print_lines, results

ESTIMATE_ONLY = "Estimate only in this version."


def apis(*, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """What a scan can ask Rekognition, with parameters, limits and what a call is billed as.

    rekscan apis --json | jq '.[].name'

    Parameters
    ----------
    json
        Print a list with an object per API.
    """
    rows, videos = catalogue().values(), video_catalogue().values()
    if json:
        print_json([*map(document, rows), *map(entry, videos)])
    elif results.is_terminal:
        results.print(_table(), soft_wrap=False)
        results.print(
            "A parameter is set as --api labels:min_confidence=70,max_labels=50. docs/apis.md has the columns."
        )
    else:
        for api in (*rows, *videos):
            params = ",".join(param.name for param in api.params)
            print_lines("\t".join((api.name, api.operation, billed(api), params, _summary(api))))
    return 0


def document(api: Api) -> dict[str, Any]:
    """An API as `rekscan apis --json` shows it."""
    limits = api.limits
    return entry(api) | {
        "limits": {
            "bytes": limits.max_bytes,
            "s3_bytes": limits.max_s3_bytes,
            "min_side_px": limits.min_side,
            "max_side_px": limits.max_side,
        },
        "table": api.table,
        "columns": api.schema.names,
        "images_columns": api.brief_schema.names,
    }


def entry(api: ApiEntry) -> dict[str, Any]:
    """The same of one that is only priced: it has no tables."""
    return {
        "name": api.name,
        "operation": api.operation,
        "summary": api.summary,
        "of": "image" if isinstance(api, Api) else "video",
        "estimate_only": not isinstance(api, Api),
        "meters": list(api.meters),
        "hours_of": api.runs.meter if api.runs else None,
        "assumptions": list(api.assumptions),
        "params": [_param(param) for param in api.params],
    }


def billed(api: ApiEntry) -> str:
    return f"{api.runs.meter}, by the hour" if api.runs else " + ".join(api.meters)


def _summary(api: ApiEntry) -> str:
    return api.summary if isinstance(api, Api) else f"{api.summary} {ESTIMATE_ONLY}"


def markdown() -> str:
    """The generated part of docs/apis.md: every API in a table, then each with its parameters and columns."""
    return "\n".join(_lines()) + "\n"


def video_markdown() -> str:
    """The same of the APIs for stored video."""
    rows = video_catalogue().values()
    found = ["| `--api` | Rekognition operation | billed by the minute as | what it finds |", "|---|---|---|---|"]
    found += [f"| `{api.name}` | {api.operation} | {billed(api)} | {api.summary} |" for api in rows]
    found += ["", "| parameter | type | default | values | meaning |", "|---|---|---|---|---|"]
    found += [_param_line(param, f"{api.name}:") for api in rows for param in api.params]
    return "\n".join(found) + "\n"


def _lines() -> Iterator[str]:
    rows = catalogue().values()
    yield "| `--api` | Rekognition operation | billed as | as bytes | side, px | what it finds |"
    yield "|---|---|---|---|---|---|"
    for api in rows:
        size = f"{api.limits.max_bytes / 2**20:g} MiB"
        where = f"[`{api.name}`](#{api.name})"
        yield f"| {where} | {api.operation} | {billed(api)} | {size} | {_sides(api)} | {api.summary} |"
    for api in rows:
        yield from (
            "",
            f"### {api.name}",
            "",
            f"{api.summary} Operation: {api.operation}; billed as {billed(api)}.",
            "",
        )
        for line in api.assumptions:
            yield from (line, "")
        if api.params:
            yield from ("| parameter | type | default | values | meaning |", "|---|---|---|---|---|")
            yield from (_param_line(param) for param in api.params)
            yield ""
        yield from (f"Table `{api.table}`:", "", "| column | type | meaning | AWS |", "|---|---|---|---|")
        yield from (_column_line(field) for field in api.schema)
        yield from ("", "In the `images` table:", "", "| column | type | meaning | AWS |", "|---|---|---|---|")
        yield from (_column_line(field) for field in api.brief_schema)


def _table() -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("--api", "operation", "billed as", "parameters (default)", "finds"):
        table.add_column(heading, overflow="fold")
    for api in (*catalogue().values(), *video_catalogue().values()):
        params = "\n".join(f"{param.name} ({_default(param)})" for param in api.params)
        table.add_row(Text(api.name, "bold"), api.operation, billed(api), params, _summary(api))
    return table


def _param(param: Param) -> dict[str, Any]:
    return {
        "name": param.name,
        "type": param.type,
        "required": param.required,
        "default": param.default,
        "minimum": param.minimum,
        "maximum": param.maximum,
        "choices": list(param.choices),
        "pattern": param.pattern,
        "least": param.least,
        "most": param.most,
        "help": param.help,
    }


def _default(param: Param) -> str:
    if param.required:
        return "required"
    if isinstance(param.default, list):
        return "+".join(param.default) or "none"
    if isinstance(param.default, bool):
        return str(param.default).lower()
    return (
        "none"
        if param.default is None
        else f"{param.default:g}"
        if isinstance(param.default, float)
        else str(param.default)
    )


def _sides(api: Api) -> str:
    top = api.limits.max_side
    return f"{api.limits.min_side} to {top:,}" if top else f"{api.limits.min_side} or more"


def _param_line(param: Param, before: str = "") -> str:
    values = ", ".join(param.choices)
    if param.minimum is not None and param.maximum is not None:
        values = f"{param.minimum:g} to {int(param.maximum):,}"
    return f"| `{before}{param.name}` | {param.type} | {_default(param)} | {values} | {_cell(param.help)} |"


def _column_line(field: Any) -> str:
    doc, aws = (field.metadata[key].decode() for key in (b"doc", b"aws"))
    paths = "<br>".join(f"`{path}`" for path in aws.split(" | "))
    return f"| `{field.name}` | {field.type} | {_cell(doc)} | {paths} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
