"""Asks the bridge that may serve on this machine how it stands."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

from yarl import URL

from bridge.settings import Settings

ANSWER_S = 1.0


def readiness(settings: Settings) -> Mapping[str, Any] | None:
    """What a bridge that answers on this machine at ``http.port`` says at ``/readyz``; None where none does."""
    host = next(iter(settings.http.hosts), "")
    host = "127.0.0.1" if host in {"", "*", "0.0.0.0", "::"} else host  # noqa: S104 - an address to ask, not to open
    url = URL.build(scheme=settings.http.scheme, host=host, port=settings.http.port, path="/readyz")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # asked for its path, and told nothing
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _AnyStatus()
    )
    try:
        with opener.open(str(url), timeout=ANSWER_S) as answer:
            told = json.loads(answer.read(1 << 20))
    except (OSError, HTTPException, ValueError):
        return None
    return told if isinstance(told, dict) and "people_age_s" in told else None


class _AnyStatus(urllib.request.HTTPErrorProcessor):
    """Takes 503 for an answer."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:  # noqa: ANN401, ARG002 - urllib's
        return response

    https_response = http_response
