"""The alert rules and the dashboard name metrics that a real bridge has, in the form that Prometheus wants."""

import asyncio
import json
import re
import subprocess

import pytest

from tests.agi.wire import talk
from tests.alerts import MONITORING, RULES, firing, promtool

PAPER = MONITORING.parent.parent / "docs" / "monitoring.md"
DASHBOARD = MONITORING / "itflow-bridge.dashboard.json"
# Prometheus' own, of every job.
OF_PROMETHEUS = {"up"}

_NAME = re.compile(r"\b((?:itflow_bridge|process)_\w+|up)(?=\{)|\b(itflow_bridge_\w+)")


def expressions():
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    return [expr.replace("$instance", ".*") for expr in found]


def run(*words, given=None):
    done = subprocess.run([promtool(), *words], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_promtool_reads_the_rules_and_the_expressions_of_the_dashboard(tmp_path):
    assert "SUCCESS" in run("check", "rules", str(RULES))
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions())]
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    assert f"{len(rules)} rules found" in run("check", "rules", str(file))


def test_the_panels_of_the_dashboard_do_not_overlap():
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


@pytest.mark.parametrize("generation", ["26.02"], indirect=True)
async def test_every_metric_that_they_name_is_there_and_a_sound_bridge_fires_nothing(serve, tmp_path):
    bridge = await serve()
    await bridge.ready()
    for path in ("/api.php?api_key=all&cid=2125550101", "/phonebook/yealink?api_key=all", "/emails?api_key=all"):
        assert (await bridge.ask(path)).status == 200
    headers = {"Authorization": "Bearer all"}
    asset = {"client_id": 1, "name": "PC-1", "type": "Laptop"}
    assert (await bridge.ask("/assets", "POST", json=asset, headers=headers)).status == 201
    assert (await bridge.ask("/balance?api_key=wrong&client_id=1")).status == 401
    port = next(int(line.rsplit(":", 1)[1].rstrip(".\n")) for line in bridge.log if "FastAGI is answered" in line)
    assert (await talk(port, "callerid", "2125550101", key="all")).variables["CALLERID(name)"] == "Alice O'Neil"
    wanted = 'process="sync"'
    page = (
        await bridge.until(
            lambda answer: wanted in answer.text and "fetch_timestamp_seconds{" in answer.text, "/metrics"
        )
    ).text
    samples = {re.split(r"[{ ]", line, maxsplit=1)[0] for line in page.splitlines() if not line.startswith("#")}
    named = {
        name
        for text in (RULES.read_text(encoding="utf-8"), *expressions())
        for found in _NAME.findall(text)
        for name in found
        if name
    }
    assert len(named) > 25
    assert named - OF_PROMETHEUS - samples == SILENT
    for name in re.findall(r"`(itflow_bridge_\w+)`", PAPER.read_text(encoding="utf-8")):
        assert f"# TYPE {name} " in page, name
    assert len(re.findall("^# TYPE", page, re.MULTILINE)) == len(set(re.findall(r"^# TYPE \S+", page, re.MULTILINE)))
    for sample in SHOWN:
        assert re.search(rf"^{re.escape(sample)} [1-9]", page, re.MULTILINE), sample
    run("check", "metrics", given=page)
    assert await asyncio.to_thread(firing, tmp_path, page) == set()


# They have no samples while nothing is to be told: all is well, and no key of this bridge expires.
SILENT = {"itflow_bridge_findings", "itflow_bridge_key_expires_seconds"}
SHOWN = (
    'itflow_bridge_answers_total{feature="callerid",interface="http",result="hit"}',
    'itflow_bridge_answers_total{feature="callerid",interface="agi",result="hit"}',
    'itflow_bridge_answers_total{feature="phonebook",interface="http",result="answered"}',
    'itflow_bridge_answers_total{feature="assets",interface="http",result="answered"}',
    'itflow_bridge_answers_total{feature="balance",interface="http",result="denied"}',
    'itflow_bridge_answer_seconds_count{feature="callerid",interface="http"}',
    'itflow_bridge_agi_calls_total{outcome="served",script="callerid"}',
    'itflow_bridge_mirror_rows{module="contacts"}',
    'itflow_bridge_pulls_total{module="clients",outcome="read",process="sync"}',
    'process_resident_memory_bytes{process="serve"}',
    'process_resident_memory_bytes{process="sync"}',
    "itflow_bridge_event_loop_lag_seconds_count",
    'itflow_bridge_keys{state="live"}',
)
