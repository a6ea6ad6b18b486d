"""The page about a run: one HTML file with everything in it that opens from disk."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from grucli.page.payload import page_data
from grucli.results import RunReport

_PLOT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
_SCRIPTS = ("drawing.js", "lines.js", "matrices.js", "report.js")
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def render_page(report: RunReport) -> bytes:
    """The whole page in UTF-8; the same bytes for the same report.

    Names from tables and recipes reach the page as JSON alone, which its script shows as text. The
    page's own policy lets no other script run and nothing be fetched.
    """
    style, script = _template("report.css"), "".join(map(_template, _SCRIPTS))
    return _filled(
        _template("head.html") + _template("report.html"),
        {
            "title": html.escape(f"{report.name} – grucli report"),
            "policy": (
                f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; "
                "base-uri 'none'; form-action 'none'"
            ),
            "style": style,
            "script": script,
            "data": embedded(page_data(report)),
        },
    )


def render_plot_page(svg: bytes, *, title: str, caption: str) -> bytes:
    """A page around one figure, with its caption; ``svg`` is what matplotlib wrote."""
    drawing = svg.decode()
    return _filled(
        _template("head.html") + _template("plot.html"),
        {
            "policy": _PLOT_POLICY,
            "title": html.escape(title),
            "caption": html.escape(caption),
            "style": _template("report.css"),
            "drawing": drawing[drawing.index("<svg") :],
        },
    )


def embedded(value: Any) -> str:
    """JSON that can stand inside a script element: nothing in it ends the element or opens one."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _filled(template: str, values: Mapping[str, str]) -> bytes:
    """The template with its places filled in one pass, so that no value is itself filled."""
    return _PLACE.sub(lambda place: values[place[1]], template).encode("utf-8", "backslashreplace")


def _template(name: str) -> str:
    return files("grucli.page").joinpath(name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    """A source of the content security policy that allows this very text inline."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
