"""The call log is bounded, and holds nothing that a terminal obeys."""

from bridge.access.calls import KEPT, MAX_CHARS, CallLog


def test_the_oldest_calls_are_forgotten(database):
    calls = CallLog(database)
    with database.write() as connection:
        connection.executemany(
            "INSERT INTO calls (at, key, number, name) VALUES ('2026-01-01T00:00:00+00:00', 'pbx', ?, '')",
            [(str(n),) for n in range(KEPT)],
        )
    for n in range(10):
        calls.note("pbx", f"new {n}", "")
    kept = calls.last(2 * KEPT)
    assert len(kept) == KEPT
    assert (kept[0].number, kept[-1].number) == ("new 9", "10")


def test_what_callers_send_is_cleaned_and_cut(database):
    calls = CallLog(database)
    calls.note("pbx", "\x1b[31m+49\udcff221\n", "A" * 10_000)
    (call,) = calls.last(1)
    assert call.number == "[31m+49221"
    assert call.name == "A" * MAX_CHARS


def test_what_the_network_says_of_a_number_is_kept(database):
    calls = CallLog(database)
    calls.note("pbx", "1", "", "verified")
    calls.note("pbx", "2", "")
    assert [call.attestation for call in calls.last(2)] == ["", "verified"]
