"""An estimate as an HTML file that stands alone: the parts of jobs/plan/page.py.

Rule: everything is escaped by the template engine; the page takes nothing from anywhere, and has no script.
"""

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jobs.plan.page import PricePage


def html(page: PricePage) -> str:
    css = files("reports.views").joinpath("templates", "estimate.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    environment = Environment(
        loader=PackageLoader("reports.views", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup(css)  # noqa: S704  our own file
    return environment.get_template("estimate.html").render(page=page, css=style, digest=digest)
