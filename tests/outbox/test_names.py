"""However PHP's real ``strip_tags`` and ``trim`` leave a text, an asset is known again by its mark."""

import base64
import json
import random
import shutil
import subprocess

import pytest

from bridge.errors import BadParameter
from bridge.outbox.kinds import KINDS
from bridge.outbox.request import NewAsset, read
from bridge.outbox.texts import without_tags
from tests.counterparts import lacking

NAMES = 20_000
PIECES = (
    *(
        "<",
        "</",
        ">",
        "<b>",
        "</b",
        "<!--",
        "-->",
        "<?php",
        "?>",
        "<%",
        '"',
        "'",
        "=",
        "/",
        "\\",
        "&lt;",
        "&#60;",
        "`",
    ),
    *(" ", "\u00a0", "\u2003", "\u3000", "\ufeff", "\t", "\n", "\v", "\f", "\u0085", "\u2028", "\u200b", "\u202e"),
    *("PC", "1", "ß", "é", "İ", "ſ", "㎏", "🖨", "a" * 40, "[itflow-bridge", "]", "-1]", "NULL", "%", "_", "\\0"),
)
# The page's own treatment of a text; the texts travel as base64, so that nothing else touches them.
STORED = r"""
foreach (json_decode(stream_get_contents(STDIN)) as $text) {
    $stored[] = base64_encode(trim(strip_tags(base64_decode($text))));
}
echo json_encode($stored);
"""


def stored(texts):
    php = shutil.which("php") or lacking("needs php: apt install php-cli")
    sent = json.dumps([base64.b64encode(text.encode()).decode() for text in texts])
    done = subprocess.run([php, "-r", STORED], input=sent, capture_output=True, text=True, check=True)
    return [base64.b64decode(text).decode() for text in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def assets():
    """Each has its hostile text as name and as notes."""
    rng = random.Random(12)
    found: list[NewAsset] = []
    while len(found) < NAMES:
        text = "".join(rng.choices(PIECES, k=rng.randint(1, 9)))
        try:
            found.append(read({"name": text, "notes": text}))
        except BadParameter:
            continue
    return found


def test_each_of_20000_hostile_assets_is_found_again(assets):
    kind = KINDS["asset"]
    sent = [kind.with_mark(asset.fields(), f"{number:016x}", 7) for number, asset in enumerate(assets)]
    notes = stored([str(fields["asset_notes"]) for fields in sent])
    missed = [
        (asset.name, text)
        for number, (asset, text) in enumerate(zip(assets, notes, strict=True))
        if kind.number({"asset_notes": text}, f"{number:016x}") != 7
    ]
    assert not missed


def test_blanks_of_other_alphabets_are_no_blanks_to_php():
    texts = ["<\u00a0b>x", "<\u2003b>x", "< b>x", "\u00a0x\u2003", " x\t", "<b>x</b>", "x<b"]
    assert [without_tags(text) for text in texts] == stored(texts)
