"""Stylesheets: ours run in this process, a user's own in one of its own, and so does any of them over a large book.

A stylesheet that by mistake runs for ever or makes gigabytes must not take the bridge with it. A large book would hold
everybody else up: lxml copies and frees its tree in one go, in which no other thread has a turn.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from bridge.errors import SettingsError

CHARSET = "utf-8"
FUNCTIONS = "https://itflow-bridge/xslt"
# A book of 10,000 entries takes a tenth of this.
APART_CPU_S = 5
APART_WAIT_S = 30.0
APART_BYTES = 2**30
# Of ours over a large book, on a machine that is busy; 50,000 entries take some seconds.
LARGE_WAIT_S = 300.0
# Whoever waits for a large book waits for seconds anyway; callers come first.
_NICE = 10

_OUTPUT = "{http://www.w3.org/1999/XSL/Transform}output"
_DENY_ALL = etree.XSLTAccessControl.DENY_ALL  # type: ignore[attr-defined]  # lxml-stubs do not know it


def _json(_context: object, value: Any) -> str:  # noqa: ANN401 - XPath's types: text, number, boolean, list of nodes
    """A value as JSON, of nodes the text of the first."""
    first = next(iter(value), "") if isinstance(value, list) else value
    if etree.iselement(first):
        first = first.xpath("string()")
    if isinstance(first, float) and first.is_integer():
        first = int(first)
    return json.dumps(first if isinstance(first, bool | int | float) else str(first), ensure_ascii=False)


class Stylesheet:
    """A compiled stylesheet that reads nothing but its own text and what it is given; fit for any thread.

    Besides the functions of XSLT and EXSLT it has ``json(value)`` in the namespace ``FUNCTIONS``: a text as JSON has
    it (RFC 8259), with its quotes.

    Args:
        path: Its file.
        apart: Run it in a process of its own, within limits.

    Attributes:
        apart: See above.

    Raises:
        OSError: The file cannot be read.
        etree.LxmlError: It is no stylesheet.
    """

    def __init__(self, path: Path, *, apart: bool = False) -> None:
        self._path = path
        self.apart = apart
        parser = etree.XMLParser(no_network=True, resolve_entities=False)
        text = etree.parse(path, parser)
        if any(output.get("encoding", CHARSET).lower() != CHARSET for output in text.iter(_OUTPUT)):
            raise etree.XSLTParseError("xsl:output: the encoding must be UTF-8, as the answer's header says")
        self._compiled = etree.XSLT(text, access_control=_DENY_ALL, extensions={(FUNCTIONS, "json"): _json})

    def run(
        self, neutral: etree._Element | bytes, params: Mapping[str, str], *, pairs: bool, charset: str, fold_bytes: int
    ) -> bytes:
        """The document it makes.

        Args:
            neutral: The neutral document; as bytes it is a large one, which is made in a process of its own.
            params: Its parameters.
            pairs: Write ``<a></a>`` for an empty element, never ``<a/>``.
            charset: Of the document, where it is XML.
            fold_bytes: Longest line of a vCard; 0: any.

        Raises:
            SettingsError: It fails.
        """
        try:
            if self.apart or isinstance(neutral, bytes):
                job = [str(self._path), dict(params), pairs, charset, fold_bytes, self.apart]
                return self._run_apart(neutral, job)
            return _folded(self._run_here(neutral, params, pairs, charset), fold_bytes)
        except (etree.XSLTError, subprocess.SubprocessError) as error:
            raise SettingsError([f"the stylesheet {self._path.name} fails: {_reason(error)}"]) from error

    def _run_here(self, neutral: etree._Element, params: Mapping[str, str], pairs: bool, charset: str) -> bytes:
        parameters: Any = {name: etree.XSLT.strparam(value) for name, value in params.items()}
        result = self._compiled(neutral, **parameters)
        root: etree._Element | None = result.getroot()
        if root is None:
            return bytes(result)
        if pairs:
            for element in root.iter():
                # An empty text keeps libxml2 from writing <a/>.
                element.text = element.text or ""
        if charset != CHARSET:
            return etree.tostring(root, encoding=charset, xml_declaration=True)  # type: ignore[return-value] # bytes
        return bytes(result)

    def _run_apart(self, neutral: etree._Element | bytes, job: list[object]) -> bytes:
        return subprocess.run(  # noqa: S603 - our own module; what is untrusted is what it runs, within limits
            [sys.executable, "-m", __name__, json.dumps(job)],
            input=neutral if isinstance(neutral, bytes) else etree.tostring(neutral),
            capture_output=True,
            check=True,
            timeout=APART_WAIT_S if self.apart else LARGE_WAIT_S,
        ).stdout


def _folded(body: bytes, most: int) -> bytes:
    """Long lines in pieces, each after the first behind a blank (RFC 6350 section 3.2), no character torn."""
    if not most:
        return body
    lines = []
    for line in body.split(b"\r\n"):
        rest, room = line, most
        while len(rest) > room:
            at = room
            while rest[at] & 0xC0 == 0x80:
                at -= 1
            lines.append(rest[:at])
            rest, room = b" " + rest[at:], most
        lines.append(rest)
    return b"\r\n".join(lines)


def _reason(error: Exception) -> str:
    if isinstance(error, etree.XSLTError):
        # The first two complaints say where and what; lxml's own text is often the last.
        lines = (f"line {entry.line}: {entry.message}" if entry.line else entry.message for entry in error.error_log)
        return " ".join(line.partition("\n")[0] for line in islice(lines, 2)) or str(error)
    limits = f"limits are {APART_CPU_S} s and {APART_BYTES // 2**20} MB"
    said = error.stderr.decode(errors="replace").strip() if isinstance(error, subprocess.CalledProcessError) else ""
    return f"{said.rpartition(' fails: ')[2] or 'it takes too long'} ({limits})"


def _main() -> None:
    path, params, pairs, charset, fold_bytes, limited = json.loads(sys.argv[1])
    if limited:
        resource.setrlimit(resource.RLIMIT_CPU, (APART_CPU_S, APART_CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (APART_BYTES, APART_BYTES))
    os.nice(_NICE)
    neutral = etree.fromstring(sys.stdin.buffer.read(), etree.XMLParser(huge_tree=True, resolve_entities=False))
    try:
        stylesheet = Stylesheet(Path(path))
        body = stylesheet.run(neutral, params, pairs=pairs, charset=charset, fold_bytes=fold_bytes)
    except SettingsError as error:
        sys.exit(str(error))
    except MemoryError:
        sys.exit("it takes too much memory")
    sys.stdout.buffer.write(body)


if __name__ == "__main__":
    _main()
