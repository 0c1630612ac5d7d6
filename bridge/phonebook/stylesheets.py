"""Stylesheets: ours run in this process, a user's own in one of its own.

A stylesheet that by mistake runs for ever or makes gigabytes must not take the bridge with it.
"""

from __future__ import annotations

import json
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

    def run(self, neutral: etree._Element, params: Mapping[str, str], *, pairs: bool, charset: str) -> bytes:
        """The document it makes.

        Args:
            neutral: The neutral document.
            params: Its parameters.
            pairs: Write ``<a></a>`` for an empty element, never ``<a/>``.
            charset: Of the document, where it is XML.

        Raises:
            SettingsError: It fails.
        """
        try:
            if self.apart:
                return self._run_apart(neutral, [str(self._path), dict(params), pairs, charset])
            return self._run_here(neutral, params, pairs, charset)
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

    def _run_apart(self, neutral: etree._Element, job: list[object]) -> bytes:
        return subprocess.run(  # noqa: S603 - our own module; what is untrusted is what it runs, within limits
            [sys.executable, "-m", __name__, json.dumps(job)],
            input=etree.tostring(neutral),
            capture_output=True,
            check=True,
            timeout=APART_WAIT_S,
        ).stdout


def _reason(error: Exception) -> str:
    if isinstance(error, etree.XSLTError):
        # The first two complaints say where and what; lxml's own text is often the last.
        lines = (f"line {entry.line}: {entry.message}" if entry.line else entry.message for entry in error.error_log)
        return " ".join(line.partition("\n")[0] for line in islice(lines, 2)) or str(error)
    limits = f"limits are {APART_CPU_S} s and {APART_BYTES // 2**20} MB"
    said = error.stderr.decode(errors="replace").strip() if isinstance(error, subprocess.CalledProcessError) else ""
    return f"{said.rpartition(' fails: ')[2] or 'it takes too long'} ({limits})"


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (APART_CPU_S, APART_CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (APART_BYTES, APART_BYTES))
    path, params, pairs, charset = json.loads(sys.argv[1])
    neutral = etree.fromstring(sys.stdin.buffer.read())
    try:
        body = Stylesheet(Path(path)).run(neutral, params, pairs=pairs, charset=charset)
    except SettingsError as error:
        sys.exit(str(error))
    except MemoryError:
        sys.exit("it takes too much memory")
    sys.stdout.buffer.write(body)


if __name__ == "__main__":
    _main()
