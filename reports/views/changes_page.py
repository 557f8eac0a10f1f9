"""The page of two jobs' differences, under the rules of the report's own (`reports.views.page`)."""

from markupsafe import Markup

from reports.changes.values import Changes
from reports.views.page import asset, environment, without_scripts


def render_changes(changes: Changes) -> str:
    """The page as HTML; it reads without scripts and has none."""
    css = asset("report.css")
    return environment().get_template("changes.html").render(
        changes=changes,
        csp=without_scripts(css),
        css=Markup(css),  # noqa: S704  our own file
    )  # fmt: skip
