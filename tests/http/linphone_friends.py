"""Linphone's library (liblinphone 5) reads an address book, and prints each friend as a line of JSON.

Run as a program of its own: ``python linphone_friends.py LIBRARY CONFIG vcards|carddav URL FRIENDS``. It ends when
there are as many friends as are waited for, or after a minute with those that there are.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

Given = int | str | None  # a handle or a small number, a text, nothing

PATIENCE_S = 60
STEP_S = 0.02
CARDDAV = 0  # LinphoneFriendListTypeCardDAV


class Library:
    """The library's functions: handles and texts in, a handle or a text out."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)

    def call(self, name: str, *arguments: Given) -> int | None:
        """A function that gives a handle."""
        found: int | None = self._called(name, ctypes.c_void_p, arguments)
        return found

    def text(self, name: str, *arguments: Given) -> str:
        """A function that gives a text."""
        found = self._called(name, ctypes.c_char_p, arguments)
        return str(found.decode()) if found else ""

    def things(self, handle: int | None) -> Iterator[int]:
        """What is in one of its lists."""
        while handle:
            yield self.call("bctbx_list_get_data", handle) or 0
            handle = self.call("bctbx_list_next", handle)

    def _called(self, name: str, gives: type, arguments: tuple[Given, ...]) -> Any:
        function = self._library[name]
        function.restype = gives
        return function(*(self._given(one) for one in arguments))

    @staticmethod
    def _given(argument: Given) -> object:
        if isinstance(argument, str):
            return ctypes.c_char_p(argument.encode())
        return ctypes.c_void_p(argument) if argument is None or argument > 1 << 16 else ctypes.c_int(argument)


def main(path: str, config: str, kind: str, url: str, friends: int) -> None:
    """Read the book."""
    lib = Library(path)
    core = lib.call("linphone_factory_create_core_3", lib.call("linphone_factory_get"), config, None, None)
    lib.call("linphone_core_start", core)
    book = None
    if kind == "carddav":
        book = lib.call("linphone_core_create_friend_list", core)
        lib.call("linphone_friend_list_set_display_name", book, "book")
        lib.call("linphone_friend_list_set_uri", book, url)
        lib.call("linphone_friend_list_set_type", book, CARDDAV)
        lib.call("linphone_core_add_friend_list", core, book)
        lib.call("linphone_friend_list_synchronize_friends_from_server", book)
    end = time.monotonic() + PATIENCE_S
    found: list[int] = []
    while time.monotonic() < end and len(found) < friends:
        lib.call("linphone_core_iterate", core)
        time.sleep(STEP_S)
        known = book or lib.call("linphone_core_get_friend_list_by_name", core, url)
        found = list(lib.things(lib.call("linphone_friend_list_get_friends", known))) if known else []
    for friend in found:
        numbers = [
            ctypes.string_at(number).decode()
            for number in lib.things(lib.call("linphone_friend_get_phone_numbers", friend))
        ]
        vcard = lib.call("linphone_friend_get_vcard", friend)
        organization = lib.text("linphone_vcard_get_organization", vcard)
        said = {"name": lib.text("linphone_friend_get_name", friend), "company": organization, "numbers": numbers}
        sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    program, configuration, what, address, count = sys.argv[1:]
    main(program, configuration, what, address, int(count))
