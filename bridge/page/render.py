"""Templates into answers, each with the headers that keep other people's text from being more than text."""

from __future__ import annotations

import datetime as dt
import hashlib
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bridge import numbers
from bridge.http.proxies import PREFIX

_FOLDER = Path(__file__).parent
# Nothing but what this page itself brings: no inline script or style, no other host, no frame around it.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    hdrs.CACHE_CONTROL: "no-store",
}


def _moment(at: dt.datetime | None) -> str:
    """A moment in the bridge's own time zone; the day only where it is not today."""
    if at is None:
        return ""
    local, today = at.astimezone(), dt.datetime.now().astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def _duration(seconds: float | None) -> str:
    """Seconds for people: ``0:42``, ``1:02:03``."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def _age(seconds: float | None) -> str:
    """How long ago, roughly: ``12 s``, ``3 min``, ``2 h``, ``5 days``."""
    if seconds is None:
        return "never"
    for least, unit in ((172_800, "days"), (7200, "h"), (120, "min")):
        if seconds >= least:
            return f"{int(seconds // {'days': 86_400, 'h': 3600, 'min': 60}[unit])} {unit}"
    return f"{int(seconds)} s"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": numbers.international, "moment": _moment, "duration": _duration, "age": _age}
    made.filters["stamp"] = lambda at: _moment(dt.datetime.fromtimestamp(at, dt.UTC))
    made.filters["iso"] = lambda at: at.isoformat(timespec="seconds")
    return made


_TEMPLATES = _environment()
_STATIC = {path.name: path.read_bytes() for path in sorted((_FOLDER / "static").iterdir()) if path.is_file()}
# In the address of each of our files, so that a new release brings its own.
VERSION = hashlib.sha256(b"".join(_STATIC.values())).hexdigest()[:12]


def prepare() -> None:
    """Compile all templates, so that nobody waits for it later."""
    for name in _TEMPLATES.list_templates():
        _TEMPLATES.get_template(name)


def text(template: str, **values: object) -> str:
    """A template filled in; whatever stands in a value is text, never markup."""
    return _TEMPLATES.get_template(template).render(values)


def page(request: web.Request, template: str, *, status: int = 200, **values: object) -> web.Response:
    """A whole page.

    Args:
        request: Says under which path a proxy has the bridge.
        template: Its file.
        status: Of the answer.
        values: What it is filled with.
    """
    body = text(template, base=request.get(PREFIX, ""), version=VERSION, **values)
    return web.Response(text=body, status=status, content_type="text/html", headers=HEADERS)


def elsewhere(request: web.Request, path: str) -> web.Response:
    """Send a browser to another path of the bridge (RFC 9110, 15.4.4: by GET, whatever was asked)."""
    return web.Response(status=303, headers={**HEADERS, hdrs.LOCATION: f"{request.get(PREFIX, '')}{path}"})


def file(name: str) -> web.Response:
    """One of our files.

    Raises:
        HTTPNotFound: There is none of this name.
    """
    if name not in _STATIC:
        raise web.HTTPNotFound
    headers = {**HEADERS, hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable"}
    kind = mimetypes.types_map.get(Path(name).suffix, "application/octet-stream")
    charset = "utf-8" if kind.startswith("text/") else None
    return web.Response(body=_STATIC[name], content_type=kind, charset=charset, headers=headers)
