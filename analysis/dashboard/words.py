"""Numbers and times as pages write them; filters of the templates."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

from analysis.results.summary import DASH

CODE = re.compile("`([^`]*)`")


def short(value: float | None, digits: int = 3) -> str:
    """Return a number with a few significant digits."""
    if value is None:
        return DASH
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def decimal(value: float | None) -> str:
    """Return a number to three significant digits, without an exponent however small it is."""
    if value is None:
        return DASH
    text = short(value)
    return f"{value:.{2 - math.floor(math.log10(abs(value)))}f}".rstrip("0") if "e" in text else text


def exact(value: float | None) -> str:
    """Return a length of training in kimg without noughts at its end."""
    return DASH if value is None else f"{value:,.3f}".rstrip("0").rstrip(".")


def duration(hours: float | None) -> str:
    """Return hours as seconds, minutes, hours or days."""
    if hours is None:
        return DASH
    seconds = hours * 3600
    for limit, size, unit in ((90, 1, "s"), (5400, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{_rounded(seconds / size)} {unit}"
    return f"{_rounded(seconds / 86400)} days"


def _rounded(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def energy(kwh: float | None) -> str:
    """Return an energy in kWh, in Wh where that is small."""
    if kwh is None:
        return "not metered"
    return f"{short(kwh)} kWh" if kwh == 0 or kwh >= 0.1 else f"{short(kwh * 1000)} Wh"


def price(money: float) -> str:
    """Return an amount of money, in whatever currency the prices were given; two digits of less than a hundredth."""
    return f"{money:,.2f}" if money >= 0.1 or money == 0 else f"{money:.2g}"


def moment(seconds: float) -> str:
    """Return a time in Unix seconds as date and time, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def percent(share: float) -> str:
    """Return a share as a percentage; never 100 % before it is."""
    return f"{int(share * 100)} %"


def p_value(value: float | None) -> str:
    """Return a p-value to two digits."""
    return DASH if value is None else f"{value:.2g}"


def coded(text: str) -> Markup:
    """Return a text in which what stands between backticks is code. No letter of it is read as markup."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))


def sentence(text: str) -> str:
    """Return a text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


FILTERS: dict[str, Callable[..., Any]] = {
    "short": short,
    "decimal": decimal,
    "exact": exact,
    "duration": duration,
    "energy": energy,
    "price": price,
    "moment": moment,
    "percent": percent,
    "p_value": p_value,
    "coded": coded,
    "sentence": sentence,
}
