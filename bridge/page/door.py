"""The page's door: who is signed in, whether their rights open a view, and whether a form is really theirs."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import hdrs, web

from bridge.access.key import Feature, Key
from bridge.access.rights import Rights, check
from bridge.calls.people import Person
from bridge.errors import BridgeError, FeatureDenied, NotFound, RequestError
from bridge.http import query
from bridge.http.proxies import PREFIX
from bridge.http.state import PEOPLE
from bridge.page import render
from bridge.page.sessions import Sessions, token

log = logging.getLogger(__name__)

SESSIONS = web.AppKey("SESSIONS", Sessions)
RIGHTS = web.AppKey("RIGHTS", Rights)

COOKIE = "itflow_bridge"
SIGN_IN = "/sign-in"
TOKEN = "token"  # noqa: S105 - the name of a field

# What a view needs, in the order of the menu: path, word, right.
MENU: tuple[tuple[str, str, Feature | None], ...] = (
    ("/", "Now", Feature.CALLS),
    ("/page/calls", "Calls", Feature.CALLS),
    ("/page/week", "Week", Feature.CALLS),
    ("/page/lookup", "Look up", Feature.CALLERID),
    ("/page/books", "Books", Feature.PHONEBOOK),
    ("/page/outbox", "Outbox", Feature.ASSETS),
    ("/page/data", "Data", Feature.PHONEBOOK),
    ("/page/setup", "Set-up", Feature.ADMIN),
    ("/page/health", "Health", Feature.ADMIN),
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in.

    Attributes:
        rights: What they may see, as a key of their name has it.
        secret: Of their cookie.
    """

    person: Person
    rights: Key
    secret: str

    @property
    def token(self) -> str:
        """What their forms carry."""
        return token(self.secret)

    @property
    def menu(self) -> list[tuple[str, str]]:
        """The views that their rights open."""
        return [(path, word) for path, word, feature in MENU if self.may(feature)]

    def may(self, feature: Feature | str | None) -> bool:
        """Whether their rights open a feature."""
        return feature is None or feature in self.rights.features


View = Callable[[web.Request, Visitor], Awaitable[web.StreamResponse]]
FormView = Callable[[web.Request, Visitor, Mapping[str, str]], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def visitor(request: web.Request) -> Visitor | None:
    """Who is signed in with this browser; None for nobody."""
    secret = request.cookies.get(COOKIE, "")
    session = request.app[SESSIONS].find(secret) if secret else None
    if session is None:
        return None
    try:
        person = request.app[PEOPLE].named(session.person)
    except NotFound:  # removed meanwhile
        return None
    return Visitor(person, request.app[RIGHTS].of(person.name), secret)


def view(feature: Feature | None) -> Callable[[View], Handler]:
    """A view for people whose rights open a feature; others are sent to sign in, or told what they lack."""

    def wrapped(handler: View) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            seen = visitor(request)
            if seen is None:
                return _sign_in(request)
            try:
                check(seen.rights, feature, request.remote)
                return await handler(request, seen)
            except BridgeError as error:
                return failure(request, error, seen)

        return handle

    return wrapped


def form(feature: Feature | None) -> Callable[[FormView], Handler]:
    """What a form of the page does, for people whose rights open a feature; nothing is read before."""

    def wrapped(handler: FormView) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            seen = visitor(request)
            if seen is None:
                return render.elsewhere(request, SIGN_IN)
            try:
                check(seen.rights, feature, request.remote)
                from_here(request)
                fields = await query.body(request)
                if not hmac.compare_digest(fields.get(TOKEN, "").encode(), seen.token.encode()):
                    raise FeatureDenied("This form is of another sign-in. Go back, reload the page, and try again.")
                return await handler(request, seen, fields)
            except BridgeError as error:
                return failure(request, error, seen)

        return handle

    return wrapped


def from_here(request: web.Request) -> None:
    """Whether a form was sent by this page, as far as the browser tells (Fetch Metadata, RFC 6454 for Origin).

    Raises:
        FeatureDenied: Another site has sent it.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get(hdrs.ORIGIN)
    if site not in {None, "same-origin"} or (
        site is None and origin not in {None, f"{request.scheme}://{request.host}"}
    ):
        raise FeatureDenied("Another site has sent this form. Open the page itself, and try again.")


def failure(request: web.Request, error: BridgeError, seen: Visitor | None) -> web.Response:
    """What went wrong, as a page."""
    if not isinstance(error, RequestError):
        log.warning("The page, %s: %s", request.match_info.route.resource, error)
    return shown(request, seen, "failure.html", status=error.status, reason=str(error), title="That did not work")


def shown(
    request: web.Request, seen: Visitor | None, template: str, *, status: int = 200, **values: object
) -> web.Response:
    """A page for somebody, or for somebody who is not signed in."""
    return render.page(request, template, status=status, visitor=seen, path=request.path, **values)


def back(fields: Mapping[str, str], otherwise: str) -> str:
    """The path that a form asks to be sent to afterwards; one of the bridge's own in any case."""
    path = fields.get("back", "")
    ours = path == "/" or path.startswith(("/?", "/page/"))
    return path if ours and path.isprintable() and "\\" not in path and path.isascii() else otherwise


def cookie_path(request: web.Request) -> str:
    """Where the cookie is valid: below the path that a proxy has the bridge under."""
    return f"{request.get(PREFIX, '')}/"


def _sign_in(request: web.Request) -> web.Response:
    if request.method not in {hdrs.METH_GET, hdrs.METH_HEAD} or request.path == "/page/live":
        return web.Response(status=401, headers=render.HEADERS, text="Sign in first.")
    wanted = request.path_qs if request.path != "/" else ""
    return render.elsewhere(request, SIGN_IN + (f"?back={quote(wanted, safe='')}" if wanted else ""))
