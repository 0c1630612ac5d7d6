"""What the Debian package's scripts do; packaging/deb/try.sh and try-systemd.sh install the whole of it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "packaging" / "deb"
HOME = "/opt/itflow-bridge"


@pytest.mark.parametrize(
    ("file", "words", "refused"),
    [
        ("bin/activate", ["install"], True),
        ("bin/activate", ["install", "1.0"], True),
        ("bin/activate", ["upgrade", "1.0"], False),
        ("bin/itflow-bridge", ["install"], False),
    ],
)
def test_it_does_not_mix_with_an_installation_by_hand(tmp_path, file, words, refused):
    home = tmp_path / "itflow-bridge"
    (home / "bin").mkdir(parents=True)
    (home / file).touch()
    script = tmp_path / "preinst"
    script.write_text((PACKAGING / "preinst").read_text().replace(HOME, str(home)))
    done = subprocess.run(["sh", script, *words], capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == refused
    assert (f"mv {home} {home}.old" in done.stderr) == refused


def test_every_script_is_in_the_package():
    (packed,) = re.findall(r"^for script in (.*?);", (PACKAGING / "build.sh").read_text(), re.MULTILINE)
    assert set(packed.split()) == {
        path.name for path in PACKAGING.iterdir() if re.fullmatch("(pre|post)(inst|rm)", path.name)
    }


def test_what_was_built_of_an_older_release_goes(tmp_path):
    shutil.copy(PACKAGING.parents[1] / "Makefile", tmp_path)
    for folder in (".venv/bin", "packaging/deb", "dist"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("pyproject.toml", "requirements.lock", ".venv/.installed"):
        (tmp_path / file).touch()
    builders = {
        ".venv/bin/pip": "touch dist/itflow_bridge-2.0-py3-none-any.whl",
        "packaging/deb/build.sh": 'touch "$3/itflow-bridge_2.0_any.deb"',
    }
    for file, line in builders.items():
        (tmp_path / file).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / file).chmod(0o755)
    for file in ("itflow_bridge-1.0-py3-none-any.whl", "itflow-bridge_1.0_any.deb"):
        (tmp_path / "dist" / file).touch()
    subprocess.run(["make", "deb"], cwd=tmp_path, check=True, capture_output=True)
    built = {path.name for path in (tmp_path / "dist").iterdir()}
    assert built == {"itflow_bridge-2.0-py3-none-any.whl", "itflow-bridge_2.0_any.deb"}
