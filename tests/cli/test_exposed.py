"""A file that holds ITFlow's key and that others can read is told, at the start and by check."""

import subprocess
import sys

import pytest

TOLD = "every user of this machine can read it: chmod o-rwx"


@pytest.mark.parametrize(
    ("mode", "content", "told"),
    [
        (0o644, '[itflow]\napi_key = "SECRET"', True),
        (0o604, '[itflow]\napi_key = "SECRET"', True),
        (0o640, '[itflow]\napi_key = "SECRET"', False),
        (0o600, '[itflow]\napi_key = "SECRET"', False),
        (0o644, '[numbers]\nregion = "DE"', False),
    ],
)
def test_the_file_of_settings(command, tmp_path, mode, content, told):
    path = tmp_path / "bridge.toml"
    path.write_text(content)
    path.chmod(mode)
    settings = {"ITFLOW_URL": "http://127.0.0.1:1"} | ({} if "api_key" in content else {"ITFLOW_API_KEY": "x"})
    assert (TOLD in command("check", "--config", str(path), fails=True, **settings)) == told


@pytest.mark.parametrize(("mode", "told"), [(0o644, True), (0o600, False)])
def test_the_file_of_the_key(command, tmp_path, mode, told):
    path = tmp_path / "key"
    path.write_text("SECRET")
    path.chmod(mode)
    checked = command("check", fails=True, ITFLOW_URL="http://127.0.0.1:1", ITFLOW_API_KEY_FILE=path)
    assert (TOLD in checked) == told


def test_at_the_start(tmp_path):
    path = tmp_path / "bridge.toml"
    path.write_text(
        f'[itflow]\nurl = "http://127.0.0.1:1"\napi_key = "SECRET"\n[storage]\npath = "{tmp_path / "bridge.db"}"\n'
        "[agi]\nport = 0\n"
    )
    path.chmod(0o644)
    with subprocess.Popen(
        [sys.executable, "-m", "bridge", "serve", "--port", "0", "--config", str(path)],
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        said = ""
        while "answers on" not in said:
            line = process.stderr.readline() if process.stderr else ""
            assert line, said
            said += line
        process.terminate()
    assert TOLD in said
    assert "SECRET" not in said
