"""An estimate as an HTML file of its own: the parts of jobs/plan/page.py, under the rules of the report's page."""

from markupsafe import Markup

from jobs.plan.page import PricePage
from reports.views.page import asset, environment, without_scripts


def html(page: PricePage) -> str:
    """It takes nothing from anywhere, and has no script."""
    css = asset("estimate.css")
    return (
        environment()
        .get_template("estimate.html")
        .render(
            page=page,
            css=Markup(css),  # noqa: S704  our own file
            csp=without_scripts(css),
        )
    )
