"""The words of Asterisk's manager interface (AMI): bytes to messages and back, without I/O.

A message is lines ``Key: value``, each ended by CR LF, and an empty line. The first line of a connection is a banner
without an empty line behind it. A key may come several times (``ChanVariable``, ``Output``); the last one counts, none
of those is read here. Source: Asterisk's ``main/manager.c``, and what an Asterisk 22 sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bridge.errors import AmiError

MAX_LINE_BYTES = 16 * 1024  # Asterisk itself cuts what it writes at 8 KiB a line
MAX_LINES = 1024  # of one message; a list comes as one message an entry
BANNER = re.compile(r"Asterisk Call Manager/[0-9.]+")

Message = Mapping[str, str]


class Parser:
    """Takes bytes as they arrive, and gives the messages that are complete.

    Keys keep their spelling; a value is what stands behind the first colon, without blanks around it. Bytes that are
    no UTF-8 become replacement characters: a name is a stranger's text.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._message: dict[str, str] = {}
        self._lines = 0
        self.banner = ""

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take more bytes.

        Yields:
            Each message once it is whole.

        Raises:
            AmiError: What came is no AMI, or longer than any Asterisk sends.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield from self._line(line.removesuffix(b"\r").decode("utf-8", "replace"))
        if len(self._rest) > MAX_LINE_BYTES:
            raise AmiError(f"Asterisk sent a line of more than {MAX_LINE_BYTES} bytes.")

    def _line(self, line: str) -> Iterator[Message]:
        if not self.banner:
            if not BANNER.fullmatch(line.strip()):
                raise AmiError("What answers there is no Asterisk manager: ami.port must be that of manager.conf.")
            self.banner = line.strip()
        elif line:
            self._lines += 1
            if self._lines > MAX_LINES:
                raise AmiError(f"Asterisk sent a message of more than {MAX_LINES} lines.")
            key, colon, value = line.partition(":")
            if colon:
                self._message[key] = value.strip()
        elif self._message:
            whole, self._message, self._lines = self._message, {}, 0
            yield whole


def written(action: str, fields: Mapping[str, str]) -> bytes:
    """An action as Asterisk reads it.

    Args:
        action: Its name.
        fields: Its other lines.

    Raises:
        AmiError: A key or value has a line break or another control character in it, which would begin a line of its
            own.
    """
    lines = {"Action": action, **fields}
    for key, value in lines.items():
        if not re.fullmatch(r"[A-Za-z]+", key) or re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", value):
            raise AmiError(f"{key} has characters that no AMI action may have.")
    return ("".join(f"{key}: {value}\r\n" for key, value in lines.items()) + "\r\n").encode()
