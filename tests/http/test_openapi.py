"""The OpenAPI description is true: of the routes, and of what a real bridge answers to what it allows and does not.

OpenAPI Specification 3.1.0; RFC 9457 for errors.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from openapi_spec_validator import validate
from schemathesis.checks import CHECKS, load_all_checks

from bridge import errors, service
from bridge.http.openapi import description
from bridge.settings import Settings
from tests.http.callerid_desk import ADMIN
from tests.http.whole import whole

# schemathesis' own use of Hypothesis.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")

# Made for phones and phone systems, which pass parameters of their own and read no description; see docs.
FOR_PHONES = {
    *("/api.php", "/{slashes}api.php", "/phonebook/{place}", "/{slashes}{door}{place}"),
    *("/.well-known/carddav", "/carddav{place}"),
    *("/calls/events", "/calls/events/{form}"),
}


def is_for_people(path: str) -> bool:
    """Whether it is of the page: people read it, with a cookie and no key."""
    return path in {"/", "/sign-in"} or path.startswith("/page/")


def test_it_is_valid() -> None:
    validate(description())


def test_every_route_is_described_and_every_description_has_a_route() -> None:
    routes = {
        (route.method, route.resource.canonical)
        for route in service.make_app(Settings()).router.routes()
        if route.resource
        and route.method != "HEAD"
        and route.resource.canonical not in FOR_PHONES
        and not is_for_people(route.resource.canonical)
    }
    described = {
        (method.upper(), path) for path, operations in description()["paths"].items() for method in operations
    }
    assert described == routes


def test_codes_stay_as_they_are() -> None:
    """Programs compare them."""

    def below(kind: type[errors.BridgeError]) -> Iterator[type[errors.BridgeError]]:
        yield kind
        for one in kind.__subclasses__():
            yield from below(one)

    codes = {kind.__new__(kind).code for kind in below(errors.BridgeError) if kind.__module__ == errors.__name__}
    assert codes == {
        *(
            "bridge-error",
            "settings-error",
            "storage-error",
            "address-taken",
            "not-ready",
            "hung-up",
            "cannot-dial",
            "itflow-error",
        ),
        *("ami-error", "ami-unreachable", "ami-silent", "ami-refused"),
        *("itflow-unreachable", "itflow-failing", "wire-garbled", "not-itflow", "row-garbled", "key-refused"),
        *("right-missing", "module-missing", "row-missing", "write-refused", "request-error", "bad-parameter"),
        *("key-missing", "key-wrong", "feature-denied", "not-found", "wrong-method", "uncertain", "too-many"),
    }


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bridge in a loop of its own, for tests that are not coroutines."""
    loop = asyncio.new_event_loop()
    serving = whole(tmp_path_factory.mktemp("openapi"))
    desk = loop.run_until_complete(serving.__aenter__())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield f"http://127.0.0.1:{desk.port}"
    asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


load_all_checks()
# Not among them: that nothing answers 5xx, because money and assets do where ITFlow is down, as here.
ALWAYS: list[Any]
WHERE_STRICT: list[Any]
ALWAYS, WHERE_STRICT = (
    [CHECKS.get_one(name) for name in names]
    for names in (
        ("status_code_conformance", "content_type_conformance", "response_schema_conformance"),
        ("negative_data_rejection",),
    )
)
PASS_OTHERS_OVER = {"/callerid", "/healthz", "/readyz", "/metrics", "/openapi.json"}
schema = schemathesis.openapi.from_dict(description())
schema.config.generation.update(max_examples=25)


@schema.parametrize()
def test_what_it_says_holds(case: schemathesis.Case[Any], url: str) -> None:
    checks = [*ALWAYS, *([] if case.operation.path in PASS_OTHERS_OVER else WHERE_STRICT)]
    case.call_and_validate(base_url=url, headers={"Authorization": f"Bearer {ADMIN}"}, checks=checks)
