"""One request to ITFlow over HTTP, one whole answer back, or one error of the bridge.

Here, and only here, exceptions of aiohttp, TLS and the operating system become the bridge's own.
"""

import re
from dataclasses import dataclass

import aiohttp
from yarl import URL

from bridge import version
from bridge.errors import ItflowUnreachable, NotItflow, SettingsError
from bridge.itflow.protocol import Request

CONNECT_TIMEOUT_S = 5.0
# Decoded, JSON takes up to 25 times its size (a list of empty objects), so this bounds an answer to 0.4 GB. A page of
# 1,000 contacts has 0.7 MB; a page that is larger is asked for in halves.
LARGEST_BODY_BYTES = 16 * 1024 * 1024

_HEADERS = {"User-Agent": f"itflow-bridge/{version()}", "Accept": "application/json"}
_API = re.compile(r"(/+api(/+v1)?)?/*$")


class Unfinished(ItflowUnreachable):
    """An answer did not come in time, in full, or in a bearable size: asking for less may help."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP answer."""

    status: int
    content_type: str
    body: bytes


def open_session() -> aiohttp.ClientSession:
    """Opens the session for ITFlow: the environment's proxy is used, PHP's session cookies are not."""
    # Apache closes an idle connection after 5 s; a write sent into the closing would be left in doubt.
    connector = aiohttp.TCPConnector(keepalive_timeout=4)
    return aiohttp.ClientSession(connector=connector, trust_env=True, cookie_jar=aiohttp.DummyCookieJar())


class Transport:
    """Sends requests to one ITFlow.

    Args:
        session: See ``open_session``.
        url: ITFlow's address, with or without ``/api/v1/`` at its end.

    Raises:
        SettingsError: ``url`` is not an http or https address.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._root = _root(url)

    async def send(self, request: Request, timeout_s: float) -> Reply:
        """Sends a request once. Redirects are never followed: they would carry the key elsewhere.

        Args:
            request: What to send.
            timeout_s: The deadline for the whole exchange.

        Raises:
            ItflowUnreachable: No connection.
            Unfinished: No whole answer within the deadline, or one larger than 16 MiB.
            NotItflow: A redirect, or not HTTP.
        """
        where = str(self._root.with_user(None))
        try:
            async with self._session.request(
                request.method,
                self._root / "api/v1" / request.path,
                params=request.query,
                json=request.body,
                headers=_HEADERS,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(timeout_s, CONNECT_TIMEOUT_S)),
            ) as response:
                if 300 <= response.status < 400:
                    raise self._redirected(request, response.headers.get("Location", ""))
                return Reply(response.status, response.content_type, await _read(response, where))
        except aiohttp.ClientConnectorCertificateError as error:
            raise ItflowUnreachable(
                f"The certificate of {where} is not accepted: {_reason(error)}. itflow.url must bear the name "
                "that the certificate was made for. If it comes from a certificate authority of your own, add "
                "that to the system's store, or name its file in the environment: SSL_CERT_FILE."
            ) from _without_key(error)
        except aiohttp.ClientSSLError as error:
            raise ItflowUnreachable(
                f"TLS with {where} fails: {_reason(error)}. If ITFlow is not behind TLS there, itflow.url begins "
                "with http://, and the key crosses the network in the clear."
            ) from _without_key(error)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise ItflowUnreachable(
                f"{where} cannot be reached: {_reason(error)}. Check that ITFlow runs, itflow.url, and the "
                "network or proxy in between."
            ) from _without_key(error)
        except TimeoutError as error:
            raise Unfinished(
                f"{where} did not answer {request.module} {request.function} within {timeout_s:g} s."
            ) from _without_key(error)
        except aiohttp.ClientHttpProxyError as error:
            raise ItflowUnreachable(
                f"The proxy on the way to {where} refuses ({error.status}). It is named by HTTPS_PROXY in the "
                "environment; NO_PROXY names the hosts that need none."
            ) from _without_key(error)
        except aiohttp.ClientResponseError as error:
            raise NotItflow(
                f"What answers at {where} does not speak HTTP as it should. Is it https, or another port? "
                "Check itflow.url."
            ) from _without_key(error)
        except (aiohttp.ClientError, OSError) as error:
            raise Unfinished(
                f"{where} cut off the answer to {request.module} {request.function} ({type(error).__name__})."
            ) from _without_key(error)

    def _redirected(self, request: Request, location: str) -> NotItflow:
        try:
            target = self._root.join(URL(location)).with_query(None).with_fragment(None).with_user(None)
        except ValueError:
            target = self._root.with_user(None)
        name = f"{request.module} {request.function}"
        base, found, _ = str(target).partition("/api/v1/")
        if found:
            return NotItflow(f"{name}: ITFlow has moved to {base}/. Set itflow.url to {base}/")
        return NotItflow(
            f"{name}: {self._root.with_user(None)} redirects to {target}, which is not ITFlow's API. If that "
            "is a login page, let /api/v1/ pass without it; else set itflow.url to ITFlow's own address."
        )


def _root(url: str) -> URL:
    try:
        root = URL(_API.sub("", url.strip()) + "/")
    except ValueError:
        root = URL()
    if root.scheme not in {"http", "https"} or not root.host:
        raise SettingsError(["itflow.url must be an address such as https://itflow.example.com"])
    return root.with_query(None).with_fragment(None)


async def _read(response: aiohttp.ClientResponse, where: str) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            raise Unfinished(
                f"{where} sent more than {LARGEST_BODY_BYTES >> 20} MiB in one answer. Ask for fewer rows (limit=)."
            )
    return bytes(body)


def _reason(error: BaseException) -> str:
    """Why, without the URL that aiohttp's own texts repeat: it holds the key."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
        return str(getattr(error, "verify_message", "") or error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return str(error.os_error.strerror or error.os_error)
    return "no connection in time"


def _without_key(error: BaseException) -> BaseException | None:
    """Leaves an exception that shows the URL out of the chain, so that no log gets the key."""
    return None if "api_key" in f"{error} {error!r}" else error
