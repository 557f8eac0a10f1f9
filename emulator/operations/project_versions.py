"""Projects and versions of Custom Labels: described, started, stopped. Nothing of it is billed by the call."""

from __future__ import annotations

from typing import Any

from emulator.custom.versions import Versions
from emulator.operations.base import VersionOperation
from emulator.operations.paging import after, token

PAGE = 100


def _start(versions: Versions, request: dict[str, Any]) -> dict[str, Any]:
    units, most = request["MinInferenceUnits"], request.get("MaxInferenceUnits")
    return {"Status": versions.start(request["ProjectVersionArn"], units, most)}


def _stop(versions: Versions, request: dict[str, Any]) -> dict[str, Any]:
    return {"Status": versions.stop(request["ProjectVersionArn"])}


def _projects(versions: Versions, request: dict[str, Any]) -> dict[str, Any]:
    found = versions.projects(request.get("ProjectNames") or ())
    return _page("ProjectDescriptions", "ProjectArn", found, request)


def _versions(versions: Versions, request: dict[str, Any]) -> dict[str, Any]:
    found = versions.described(request["ProjectArn"], request.get("VersionNames") or ())
    return _page("ProjectVersionDescriptions", "ProjectVersionArn", found, request)


def _page(member: str, by: str, found: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    last, size = after(request.get("NextToken")), request.get("MaxResults") or PAGE
    names = [one[by] for one in found]
    start = names.index(last) + 1 if last in names else 0
    document: dict[str, Any] = {member: found[start : start + size]}
    if start + size < len(found):
        document["NextToken"] = token(names[start + size - 1])
    return document


OPERATIONS = (
    VersionOperation("DescribeProjects", "describe-projects", _projects, images=()),
    VersionOperation("DescribeProjectVersions", "describe-project-versions", _versions, images=()),
    VersionOperation("StartProjectVersion", "start-project-version", _start, images=()),
    VersionOperation("StopProjectVersion", "stop-project-version", _stop, images=()),
)
