"""The bridge from Python.

Set BRIDGE_URL (http://bridge:8080) and BRIDGE_KEY in the environment, then:
itflow.py caller +12125550101 | balance 1 | emails | asset 1 PC-7
"""

import os
import sys
import urllib.error
import urllib.parse
import urllib.request


def ask(path: str, body: dict[str, str] | None = None, **query: str) -> str:
    """Ask the bridge; with a body it is a POST."""
    request = urllib.request.Request(
        f"{os.environ['BRIDGE_URL']}{path}?{urllib.parse.urlencode(query)}",
        data=urllib.parse.urlencode(body).encode() if body else None,
        headers={"Authorization": f"Bearer {os.environ['BRIDGE_KEY']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.code}: {error.read().decode()}")
    except urllib.error.URLError as error:
        sys.exit(f"{os.environ['BRIDGE_URL']} cannot be reached: {error.reason}")


match sys.argv[1:]:
    case ["caller", number]:
        print(ask("/callerid", number=number))
    case ["balance", client_id]:
        print(ask("/balance", client_id=client_id))
    case ["emails"]:
        print(ask("/emails", format="addresses"))
    case ["asset", client_id, name]:
        print(ask("/assets", {"client_id": client_id, "name": name}))
    case _:
        sys.exit(__doc__)
