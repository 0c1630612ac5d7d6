"""Tallies, histograms, and one page of metrics for two processes."""

import re

import pytest
from prometheus_client import Metric

from bridge.errors import ItflowUnreachable, KeyRefused
from bridge.metrics import Answers, Timing, kind, page


def test_a_histogram_counts_each_bound_with_all_below_it():
    timing = Timing((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 7):
        timing.add(seconds)
    assert timing.buckets() == [("0.1", 2.0), ("1.0", 3.0), ("+Inf", 4.0)]
    assert timing.sum_s == pytest.approx(7.65)


def test_answers_by_interface_feature_and_result():
    answers = Answers()
    tally = answers.tally("http", "callerid", ["hit", "miss"])
    tally.add("hit", 0.00003)
    tally.add("odd", 0.3)
    assert answers.tally("http", "callerid") is tally
    counts, seconds = answers.collect()
    assert {sample.labels["result"]: sample.value for sample in counts.samples} == {"hit": 1, "miss": 0, "odd": 1}
    assert next(sample.value for sample in seconds.samples if sample.name.endswith("_count")) == 2


def test_two_processes_make_one_page_with_each_name_once():
    state = Metric("itflow_bridge_pulls", "Pulls", "counter")
    state.add_sample("itflow_bridge_pulls_total", {"module": "clients"}, 1)
    other = [
        ["itflow_bridge_pulls", "Pulls", "counter", [["itflow_bridge_pulls_total", {"module": "clients"}, 7]]],
        ["process_open_fds", "Files", "gauge", [["process_open_fds", {}, 9]]],
    ]
    text = page([state], other).decode()
    assert 'itflow_bridge_pulls_total{module="clients",process="serve"} 1.0' in text
    assert 'itflow_bridge_pulls_total{module="clients",process="sync"} 7.0' in text
    assert 'process_open_fds{process="sync"} 9.0' in text
    types = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(types) == len(set(types))


@pytest.mark.parametrize(
    ("error", "label"), [(KeyRefused("x"), "key_refused"), (ItflowUnreachable("x"), "itflow_unreachable")]
)
def test_the_kind_of_an_error(error, label):
    assert kind(error) == label
