"""Every command works on the state of the bridge that runs here, says which that is, and makes no second one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest

from bridge.cli import app
from bridge.cli.place import COMMANDS, pasted
from tests.commands import PROGRAM, apart, here
from tests.counterparts import lacking, own_mounts


def run(folder, *words, program=None, fails=False, **settings):
    if program is None:
        with chdir(folder):
            done = here(words, settings)
    else:
        done = apart(words, settings, program=program, folder=folder)
    assert (done.status != 0) == fails, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def folders(tmp_path):
    made = tmp_path / "service", tmp_path / "elsewhere"
    for folder in made:
        folder.mkdir()
    return made


@pytest.mark.parametrize(
    "words", [("keys", "add", "pbx"), ("setup", "freepbx"), ("sync",)], ids=lambda words: words[0]
)
def test_a_command_in_another_folder_makes_no_state_beside_the_bridge_that_answers(folders, words):
    service, elsewhere = folders
    settings = {"ITFLOW_URL": "http://127.0.0.1:1", "ITFLOW_API_KEY": "x", "HTTP_PORT": 0, "AGI_PORT": 0}
    with subprocess.Popen(
        [*PROGRAM, "serve"], cwd=service, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **{f"BRIDGE_{name}": str(value) for name, value in settings.items()}},
    ) as process:  # fmt: skip
        try:
            assert process.stderr
            said = ""
            while not (opened := re.search(r"answers on http://\S+:(\d+)", said)):
                line = process.stderr.readline()
                assert line, said
                said += line
            port = settings["HTTP_PORT"] = int(opened[1])
            said = run(elsewhere, *words, fails=True, **settings)
            assert f"A bridge answers on port {port}, with its state in {service}/bridge.db" in said
            assert "--config" in said
            if words[0] != "sync":
                assert f"State: {service}/bridge.db" in run(service, *words, **settings)
            said = run(service, *words, fails=words[0] == "sync", **settings, STORAGE_PATH=elsewhere / "own.db")
            assert f"State: {elsewhere}/own.db" in said
        finally:
            process.terminate()
    assert not (elsewhere / "bridge.db").exists()


@pytest.mark.parametrize(
    "words", [("keys", "list"), ("calls",), ("phones",), ("journal", "list"), ("lookup", "1"), ("forget", "1")]
)
def test_a_command_that_reads_makes_no_state(folders, words):
    said = run(folders[1], *words, fails=True)
    assert f"There is no {folders[1]}/bridge.db" in said
    assert "--config FILE" in said
    assert not list(folders[1].iterdir())


def test_settings_are_found_by_option_and_by_variable(folders):
    service, elsewhere = folders
    for name in ("one", "two"):
        (service / f"{name}.toml").write_text(f'[storage]\npath = "{service}/{name}.db"\n', encoding="utf-8")
    assert f"State: {service}/one.db" in run(elsewhere, "keys", "add", "a", CONFIG=service / "one.toml")
    config = ("--config", str(service / "two.toml"))
    assert f"State: {service}/two.db" in run(elsewhere, "keys", "add", "b", *config, CONFIG=service / "one.toml")
    assert "there is no settings file" in run(elsewhere, "keys", "list", "--config", "no.toml", fails=True)
    assert not list(elsewhere.iterdir())


INSTALL = """
mount -t tmpfs etc /etc && mkdir -p /etc/itflow-bridge
mount -t tmpfs var /var/lib && mkdir -p /var/lib/itflow-bridge
printf '[storage]\\npath = "/var/lib/itflow-bridge/bridge.db"\\n' > /etc/itflow-bridge/bridge.toml
chmod 600 /etc/itflow-bridge/bridge.toml
"""


def installed(script):
    """A shell of root in which the bridge is installed, while the machine itself stays as it is."""
    return [*own_mounts(), "sh", "-c", f"set -e\n{INSTALL}\n{script}", "sh", *PROGRAM]


def test_an_installation_is_found_from_any_folder(folders):
    said = run(folders[1], "keys", "add", "pbx", program=installed('"$@"; ls /var/lib/itflow-bridge'))
    assert "State: /var/lib/itflow-bridge/bridge.db" in said
    assert re.search(r"^bridge\.db$", said, re.MULTILINE)
    assert not list(folders[1].iterdir())


def test_settings_that_this_user_may_not_read_are_named(folders):
    folders[1].chmod(0o777)
    as_nobody = 'exec setpriv --reuid=65534 --clear-groups "$@"'
    if subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", *PROGRAM, "--help"], capture_output=True, check=False
    ).returncode:
        lacking("Another user than root cannot run this Python.")
    said = run(folders[1], "keys", "add", "pbx", program=installed(as_nobody), fails=True)
    assert "/etc/itflow-bridge/bridge.toml, and this user may not read them" in said
    assert "sudo" in said


def test_no_second_state_beside_an_installation_without_settings_of_its_own(folders):
    script = 'rm /etc/itflow-bridge/bridge.toml; touch /var/lib/itflow-bridge/bridge.db; exec "$@"'
    said = run(folders[1], "keys", "add", "pbx", program=installed(script), fails=True)
    assert "An installation keeps its state in /var/lib/itflow-bridge/bridge.db" in said
    assert not list(folders[1].iterdir())


def test_commands_can_be_pasted(tmp_path, folders):
    config = tmp_path / "my bridge.toml"
    config.write_text(
        f'[storage]\npath = "{tmp_path}/bridge.db"\n[itflow]\nurl = "http://127.0.0.1:1"\napi_key = "x"\n'
    )
    config.chmod(0o600)
    said = run(folders[1], "check", "--config", str(config), fails=True)
    command = re.search(rf"({re.escape(sys.executable)} -m bridge keys add) --config ('[^']*') pbx", said)
    assert command
    made = subprocess.run(command[0], shell=True, capture_output=True, text=True, check=True, cwd=folders[1])
    assert f"State: {tmp_path}/bridge.db" in made.stderr


def test_every_command_is_known_to_what_is_pasted():
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert set(COMMANDS) == names | {group.name for group in app.registered_groups}
    text = "run `itflow-bridge keys add pbx`, or itflow-bridge sync --accept; itflow-bridge answers"
    assert "keys add --config /x/y.toml pbx`" in pasted(text, Path("/x/y.toml"))
    assert "sync --config /x/y.toml --accept; itflow-bridge answers" in pasted(text, Path("/x/y.toml"))
