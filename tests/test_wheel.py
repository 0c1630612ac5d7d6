"""The wheel holds all that users may edit or install, and works outside the checkout."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel, unpacked into a folder of its own."""
    built = tmp_path_factory.mktemp("built")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(built), str(CHECKOUT)], check=True)
    (wheel,) = built.glob("itflow_bridge-*.whl")
    folder = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


@pytest.mark.parametrize("name", ["templates", "asterisk"])
def test_templates_and_asterisk_files_are_in_it(installed, name):
    files = {path.relative_to(CHECKOUT) for path in (CHECKOUT / name).rglob("*") if path.is_file()}
    share = installed / "bridge" / "share"
    packed = {path.relative_to(share) for path in (share / name).rglob("*") if path.is_file()}
    assert files
    assert packed == files


def test_the_demo_runs_from_it(installed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    with subprocess.Popen(
        [sys.executable, "-m", "bridge", "demo", "--port", "0"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = ""
        for line in process.stdout:
            if line.startswith("curl '") and "/phonebook/yealink" in line:
                url = line.split("'")[1]
                break
        while True:
            try:
                with urllib.request.urlopen(url) as answer:
                    book = answer.read().decode()
                break
            except urllib.error.HTTPError as error:
                if error.code != 503:  # the first pull is under way
                    raise
        process.terminate()
    assert "<YealinkIPPhoneDirectory>" in book
