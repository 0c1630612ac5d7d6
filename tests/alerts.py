"""The alert rules over what a real bridge says at ``/metrics``, by promtool."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from tests.counterparts import lacking

MONITORING = Path(__file__).parent.parent / "templates" / "monitoring"
RULES = MONITORING / "itflow-bridge.rules.yml"
_SAMPLE = re.compile(r"^(\w+(?:\{.*\})?) (\S+)$")


def promtool() -> str:
    return shutil.which("promtool") or lacking("promtool is missing: apt install prometheus")


def alert_names() -> list[str]:
    return re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8"))


def firing(folder: Path, metrics: str, minutes: int = 20, among: list[str] | None = None) -> set[str]:
    """The alerts that fire where every sample of a page of metrics stays as it is for some minutes.

    Args:
        folder: For promtool's files.
        metrics: What ``/metrics`` answered.
        minutes: How long.
        among: The alerts to ask for; None for all.
    """
    program = promtool()
    series = [
        {"series": found[1], "values": f"{found[2]}x{minutes}"}
        for line in metrics.splitlines()
        if (found := _SAMPLE.match(line)) and "Inf" not in found[2] and found[2] != "NaN"
    ]
    return {
        alert
        for alert in among or alert_names()
        if _holds(program, folder, series, f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > 0', minutes)
    }


def _holds(program: str, folder: Path, series: object, expression: str, minutes: int) -> bool:
    """Whether promtool finds a value for ``bool(expression)``; it can only be told what to expect."""
    tests = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {
                        "expr": f"clamp_max(({expression}) or vector(0), 1)",
                        "eval_time": f"{minutes}m",
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                ],
            }
        ],
    }
    file = folder / "test.yml"
    file.write_text(json.dumps(tests), encoding="utf-8")  # JSON is YAML
    done = subprocess.run([program, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    if done.returncode and "FAILED" not in done.stdout + done.stderr:
        raise RuntimeError(done.stdout + done.stderr)
    return done.returncode == 0
