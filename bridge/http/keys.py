"""How a caller shows its key: ``api_key=``, a Bearer token, the password of Basic, or a part of the path."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import BasicAuth, hdrs, web

from bridge.access.keys import Feature, Key
from bridge.http import query
from bridge.http.state import KEYS


def secret(request: web.Request, parameters: Mapping[str, str] | None = None) -> str | None:
    """The secret that a request carries (RFC 6750 for Bearer, RFC 7617 for Basic), or None.

    Args:
        request: Any request.
        parameters: Its query, where that has been read already.
    """
    if parameters is None:
        parameters = query.read(request.rel_url.raw_query_string)
    if found := parameters.get("api_key"):
        return found
    if "key" in request.match_info:
        return str(request.match_info["key"])
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    if scheme.lower() == "basic":
        try:
            password: str = BasicAuth.decode(f"Basic {token}", encoding="utf-8").password
        except ValueError:
            return None
        return password
    return None


def require(request: web.Request, feature: Feature, parameters: Mapping[str, str] | None = None) -> Key:
    """The key of a request, good for a feature.

    Args:
        request: Any request.
        feature: What it asks for.
        parameters: Its query, where that has been read already.

    Raises:
        KeyMissing: There is none.
        KeyWrong: It is unknown, revoked or expired.
        FeatureDenied: It does not open the feature, or not from there.
    """
    key = request.app[KEYS].find(secret(request, parameters))
    key.check(feature, request.remote)
    return key
