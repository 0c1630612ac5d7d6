"""How a caller shows its key: ``api_key=``, a Bearer token, the password of Basic, or a part of the path."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import BasicAuth, hdrs, web

from bridge.access.keys import Feature, Key, Shown
from bridge.http import query
from bridge.http.counting import FEATURE
from bridge.http.state import KEYS


def secret(request: web.Request, *parameters: Mapping[str, str]) -> Shown:
    """The secret that a request carries (RFC 6750 for Bearer, RFC 7617 for Basic), all where they differ, or None.

    Args:
        request: Any request.
        parameters: Its query and its body, where they have been read already; without any, the query is.
    """
    found = [one.get("api_key") for one in parameters or (query.read(request.rel_url.raw_query_string),)]
    if "key" in request.match_info:
        found.append(str(request.match_info["key"]))
    if hdrs.AUTHORIZATION in request.headers:
        found.extend(_authorized(header) for header in request.headers.getall(hdrs.AUTHORIZATION))
    secrets = frozenset(filter(None, found))
    return next(iter(secrets), None) if len(secrets) < 2 else secrets


def require(request: web.Request, feature: Feature | None, *parameters: Mapping[str, str]) -> Key:
    """The key of a request, good for a feature.

    Args:
        request: Any request.
        feature: What it asks for; None for what every key opens.
        parameters: Its query and its body, where they have been read already; without any, the query is.

    Raises:
        KeyMissing: There is none.
        KeyWrong: It is unknown, revoked or expired, or there are several that differ.
        TooMany: The same, and too many wrong ones came lately.
        FeatureDenied: It does not open the feature, or not from there.
    """
    if feature is not None:
        request[FEATURE] = feature.value
    return request.app[KEYS].open(secret(request, *parameters), feature, request.remote)


async def require_with_body(request: web.Request, feature: Feature) -> tuple[Key, dict[str, str], dict[str, str]]:
    """The key of a request that may carry it in its body, the query and the body.

    The body is read only after the key was found, where it is not in the body itself.

    Raises:
        BadParameter: The body cannot be read.
        KeyMissing: There is no key.
        KeyWrong: It is unknown, revoked or expired, or there are several that differ.
        TooMany: The same, and too many wrong ones came lately.
        FeatureDenied: It does not open the feature, or not from there.
    """
    parameters = query.read(request.rel_url.raw_query_string)
    if secret(request, parameters):
        require(request, feature, parameters)
    body = await query.body(request)
    return require(request, feature, parameters, body), parameters, body


def _authorized(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    if scheme.lower() == "basic":
        try:
            password: str = BasicAuth.decode(f"Basic {token}", encoding="utf-8").password
        except ValueError:
            return None
        return password
    return None
