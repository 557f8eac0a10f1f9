"""The word before money is spent: go on, ask, or refuse.

Rule: nothing is paid without one of `--yes`, `--max-cost`, a price under the configured threshold, or a person's `y`.
A price that is not known is over every threshold; calls without one take `--accept-unknown-cost` besides.
"""

import sys
from collections.abc import Callable
from decimal import Decimal

from jobs.errors import RekscanError
from jobs.plan.build import Plan
from jobs.words import dollars, many
from rekscan.console.output import talk

Ask = Callable[[str], str]


def approve(
    plan: Plan,
    *,
    yes: bool = False,
    max_cost: Decimal | None = None,
    threshold: Decimal = Decimal(0),
    accept_unknown: bool = False,
    interactive: bool | None = None,
    ask: Ask | None = None,
) -> None:
    """Return if the plan may be paid for, else raise RekscanError.

    `threshold`: dollars up to which nobody is asked. `accept_unknown`: calls that have no price may be made.
    `interactive`: whether there is a person to ask; by default whether stdin and stderr are a terminal. `ask`: shows a
    question, returns the answer.
    """
    if max_cost is not None and not plan.complete:
        raise RekscanError(
            f"a part of the price is unknown ({'; '.join(plan.unknown)}), so --max-cost cannot be held",
            "Leave --max-cost out, or read the prices with `rekscan prices --refresh`.",
        )
    if plan.unpriced and not accept_unknown:
        raise RekscanError(
            f"this scan would cost {price(plan)}: {'; '.join(plan.unknown)}",
            "`rekscan prices --refresh` reads AWS's prices; --accept-unknown-cost goes on without.",
        )
    if yes or max_cost is not None or (plan.complete and plan.total is not None and plan.total <= threshold):
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty() if interactive is None else interactive):
        raise RekscanError(
            f"this scan would cost {price(plan)}, and there is nobody to ask",
            "Add --yes, or a cap: --max-cost 25.",
        )
    if (ask or _ask)(f"Pay {price(plan)} for {calls(plan)}? [y/N] ").strip().lower() not in ("y", "yes"):
        raise RekscanError("not approved; nothing was paid", "Narrow the source, or set a cap: --max-cost 25.")


def price(plan: Plan) -> str:
    """`$412.10`, `at least $0.02 (a part is unknown)`, `an unknown price`."""
    if plan.complete:
        return ("at most " if plan.conditional else "") + dollars(plan.total)
    return "an unknown price" if not plan.total else f"at least {dollars(plan.total)} (a part is unknown)"


def calls(plan: Plan) -> str:
    """`5,000 calls`."""
    return many(sum(rate.calls for rate in plan.rates), "call")


def _ask(question: str) -> str:
    try:
        return talk.input(question)
    except EOFError:
        return ""
