"""A key opens what it was made for, and nothing else."""

import datetime as dt
import ipaddress
import sqlite3
from contextlib import closing

import pytest
from prometheus_client import REGISTRY

from bridge.access.keys import Feature, Keys, Options
from bridge.access.uses import MAX_ADDRESSES
from bridge.errors import BadParameter, FeatureDenied, KeyMissing, KeyWrong, NotFound, TooMany
from bridge.numbers import Trunk
from bridge.settings import load
from bridge.storage import Database


def test_a_new_key_opens_every_feature_but_administration_and_what_people_write(keys):
    key = keys.open(keys.add("pbx", Options()), None, None)
    for feature in Feature:
        if feature in {Feature.ADMIN, Feature.CONTACTS, Feature.TICKETS}:
            with pytest.raises(FeatureDenied, match=f"--allow {feature}"):
                key.check(feature, None)
        else:
            key.check(feature, None)


def test_an_old_key_can_be_taken_over(keys):
    assert keys.add("old pbx", Options(), secret="0123456789abcdef") == "0123456789abcdef"
    assert keys.open("0123456789abcdef", None, None).name == "old pbx"


def test_a_key_that_was_made_wrong_can_be_made_again(keys):
    keys.add("pbx", Options(features=frozenset({Feature.BALANCE})), secret="0123456789abcdef")
    keys.revoke("pbx")
    keys.add("other name", Options(), secret="0123456789abcdef")
    assert keys.open("0123456789abcdef", None, None).name == "other name"
    keys.revoke("other name")
    keys.add("other name", Options(), secret="another secret")
    assert [key.name for key in keys.all()] == ["other name"]
    with pytest.raises(KeyWrong):
        keys.open("0123456789abcdef", None, None)


@pytest.mark.parametrize(
    ("word", "trunk"),
    [
        ("plus", Trunk.PLUS),
        ("exit-code", Trunk.EXIT_CODE),
        ("bare", Trunk.BARE),
        ("e164", Trunk.PLUS),
        ("national", Trunk.EXIT_CODE),
        ("international", Trunk.BARE),
    ],
)
def test_a_stored_trunk_is_read_in_new_and_old_words(keys, database, word, trunk):
    secret = keys.add("pbx", Options(settings={"numbers.trunk": word}))
    assert Keys(database, load()).open(secret, None, None).numbers.trunk is trunk


@pytest.mark.parametrize("name", ["", " ", "a\x1b[31mb", "a\nb"])
def test_a_key_needs_a_name(keys, name):
    with pytest.raises(BadParameter, match="needs a name"):
        keys.add(name, Options())


@pytest.mark.parametrize(
    ("secret", "error"), [(None, KeyMissing), ("", KeyMissing), ("nobody's", KeyWrong), ("\udcff", KeyWrong)]
)
def test_without_a_good_secret_there_is_no_key(keys, secret, error):
    with pytest.raises(error):
        keys.open(secret, None, None)


def test_revoked_and_expired_keys_are_refused(keys):
    revoked = keys.add("revoked", Options())
    keys.revoke("revoked")
    expired = keys.add("expired", Options(), expires_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    for secret in (revoked, expired):
        with pytest.raises(KeyWrong):
            keys.open(secret, None, None)
    with pytest.raises(NotFound):
        keys.revoke("revoked")


@pytest.mark.parametrize(
    ("address", "good"),
    [("192.0.2.7", True), ("::ffff:192.0.2.7", True), ("2001:db8::1", True), ("198.51.100.1", False), (None, False)],
)
def test_networks(keys, address, good):
    networks = (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32"))
    secret = keys.add("phones", Options(networks=networks))
    if good:
        assert keys.open(secret, Feature.PHONEBOOK, address).name == "phones"
    else:
        with pytest.raises(FeatureDenied, match="may not be used from"):
            keys.open(secret, Feature.PHONEBOOK, address)


def test_a_key_brings_its_own_settings(keys):
    own = {"numbers.region": "de", "callerid.label": "{client}"}
    key = keys.open(keys.add("berlin", Options(settings=own)), None, None)
    assert (key.numbers.region, key.callerid.label) == ("DE", "{client}")
    other = keys.open(keys.add("other", Options()), None, None)
    assert other.numbers.region == "US"


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"storage.path": "/tmp"}, "numbers, callerid, phonebook"),
        ({"callerid.lable": "x"}, "lable"),
        ({"numbers.region": "Germany"}, "two-letter"),
    ],
)
def test_wrong_settings_of_a_key_are_told_before_it_is_made(keys, own, told):
    with pytest.raises(BadParameter, match=told):
        keys.add("wrong", Options(settings=own))
    assert keys.all() == []


def test_names_and_secrets_are_taken_once(keys):
    secret = keys.add("one", Options())
    with pytest.raises(BadParameter, match="already"):
        keys.add("one", Options())
    with pytest.raises(BadParameter, match="already"):
        keys.add("two", Options(), secret=secret)


def test_no_secret_is_stored(keys, database):
    secret = keys.add("pbx", Options())
    with closing(sqlite3.connect(database.path)) as other:
        content = "\n".join(other.iterdump())
    assert "pbx" in content
    assert secret not in content


def test_another_process_adds_a_key(keys, database):
    before = database.version()
    other = Database(database.path)
    secret = Keys(other, load()).add("new", Options(clients=frozenset({1})))
    other.close()
    assert database.version() != before
    keys.load()
    assert keys.open(secret, None, None).clients == {1}


STRANGER, PBX = "198.51.100.1", "192.0.2.1"


def refusals(keys, address, count, secret="no such secret"):
    """What a caller with a wrong key gets, so many times."""
    got = []
    for _ in range(count):
        with pytest.raises((KeyWrong, TooMany)) as refused:
            keys.open(secret, Feature.CALLERID, address)
        got.append(type(refused.value))
    return got


def test_wrong_keys_are_slowed_and_a_phone_system_elsewhere_is_not(keys):
    good = keys.add("pbx", Options())
    assert refusals(keys, STRANGER, 20) == [KeyWrong] * 10 + [TooMany] * 10
    assert keys.open(good, Feature.CALLERID, PBX).name == "pbx"


def test_a_right_key_passes_while_the_total_is_exceeded(keys):
    good = keys.add("pbx", Options())
    weak = keys.add("old", Options(), secret="weak")
    for n in range(400):
        refusals(keys, f"198.51.{n // 250}.{n % 250}", 1)
    assert refusals(keys, "203.0.113.9", 1) == [TooMany]
    for secret in (good, weak):
        assert keys.open(secret, Feature.CALLERID, PBX)


def test_a_phone_system_behind_the_same_address_as_a_stranger_keeps_working(keys):
    good = keys.add("pbx", Options())
    refusals(keys, STRANGER, 50)
    assert keys.open(good, Feature.CALLERID, STRANGER).name == "pbx"


def test_a_weak_secret_is_not_found_by_guessing_on(keys, database):
    keys.add("old", Options(), secret="weak")
    keys.open("weak", Feature.CALLERID, PBX)
    refusals(keys, STRANGER, 50)
    assert refusals(keys, STRANGER, 1, "weak") == [TooMany]
    refusals(keys, PBX, 50)
    assert keys.open("weak", Feature.CALLERID, PBX).name == "old"  # it was used from there before
    keys.uses.flush()
    after_a_restart = Keys(database, load())
    refusals(after_a_restart, PBX, 50)
    assert after_a_restart.open("weak", Feature.CALLERID, PBX).name == "old"
    refusals(after_a_restart, STRANGER, 50)
    assert refusals(after_a_restart, STRANGER, 1, "weak") == [TooMany]


def test_of_a_secret_from_an_older_release_its_length_counts(keys, database):
    for secret in ("weak", "f" * 16 + "0" * 16):
        keys.add(secret[:4], Options(), secret=secret)
    with database.write() as connection:
        connection.execute("UPDATE keys SET weak = NULL")
    keys.load()
    refusals(keys, STRANGER, 50)
    assert refusals(keys, STRANGER, 1, "weak") == [TooMany]
    assert keys.open("f" * 16 + "0" * 16, Feature.CALLERID, STRANGER)


def test_different_keys_in_one_request_open_nothing(keys):
    first, second = keys.add("one", Options()), keys.add("two", Options())
    with pytest.raises(KeyWrong, match="different keys"):
        keys.open(frozenset({first, second}), Feature.CALLERID, PBX)


def test_what_becomes_of_a_key_is_kept(keys, database):
    secret = keys.add("pbx", Options(features=frozenset({Feature.CALLERID})))
    for _ in range(3):
        keys.open(secret, Feature.CALLERID, PBX)
    with pytest.raises(FeatureDenied):
        keys.open(secret, Feature.BALANCE, STRANGER)
    keys.uses.flush()
    keys.open(secret, Feature.CALLERID, STRANGER)
    keys.uses.flush()
    uses = Keys(database, load()).uses.all()
    assert (uses["pbx", "used"].address, uses["pbx", "used"].times) == (STRANGER, 4)
    assert (uses["pbx", "refused"].address, uses["pbx", "refused"].times) == (STRANGER, 1)
    keys.revoke("pbx")
    refusals(keys, STRANGER, 2, secret)
    keys.uses.flush()
    assert keys.uses.all()["pbx", "refused"].times == 3
    keys.add("pbx", Options())
    assert not keys.uses.all()


def test_no_request_writes_by_itself(keys, database):
    secret = keys.add("pbx", Options())
    other = Database(database.path)
    before = other.version()
    for n in range(1000):
        keys.open(secret, Feature.CALLERID, f"10.0.{n // 250}.{n % 250}")
    assert other.version() == before
    keys.uses.flush()
    assert other.version() != before
    other.close()


def test_a_new_secret_and_the_old_one_for_a_while(keys, database):
    old = keys.add("pbx", Options(clients=frozenset({1})))
    new = keys.rotate("pbx", dt.timedelta(days=7))
    assert keys.open(new, Feature.CALLERID, PBX) is keys.open(old, Feature.CALLERID, STRANGER)
    assert keys.open(old, Feature.CALLERID, PBX).clients == {1}
    assert list(keys.replaced_until()) == ["pbx"]
    assert [key.name for key in keys.all()] == ["pbx"]
    keys.uses.flush()
    assert keys.uses.all()["pbx", "replaced"].times == 2
    with database.write() as connection:
        connection.execute("UPDATE key_replaced SET until = '2026-01-01T00:00:00+00:00'")
    keys.load()
    assert refusals(keys, PBX, 1, old) == [KeyWrong]
    assert keys.open(new, Feature.CALLERID, PBX)
    assert not keys.replaced_until()


def test_revoking_a_key_ends_all_its_secrets(keys):
    old = keys.add("pbx", Options())
    new = keys.rotate("pbx", dt.timedelta(days=7))
    newest = keys.rotate("pbx", dt.timedelta(days=7))
    for secret in (old, new, newest):
        assert keys.open(secret, Feature.CALLERID, PBX)
    keys.revoke("pbx")
    for secret in (old, new, newest):
        assert refusals(keys, PBX, 1, secret) == [KeyWrong]
    keys.add("pbx", Options())
    assert refusals(keys, PBX, 1, old) == [KeyWrong]


def test_without_grace_the_old_secret_ends_at_once(keys):
    old = keys.add("pbx", Options())
    keys.rotate("pbx", dt.timedelta(0))
    assert refusals(keys, PBX, 1, old) == [KeyWrong]


def test_an_old_secret_lives_no_longer_than_its_key(keys):
    old = keys.add("pbx", Options(), expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(milliseconds=200))
    keys.rotate("pbx", dt.timedelta(days=7))
    while keys.named("pbx").live(dt.datetime.now(dt.UTC)):
        pass
    assert refusals(keys, PBX, 1, old) == [KeyWrong]


@pytest.mark.parametrize("name", ["nobody", "gone", "over"])
def test_only_live_keys_get_a_new_secret(keys, name):
    keys.add("gone", Options())
    keys.revoke("gone")
    keys.add("over", Options(), expires_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(NotFound):
        keys.rotate(name, dt.timedelta(days=1))


BROKEN = {
    "options": [
        *("", "{", "null", '{"features": ["teleport"]}', '{"clients": "all"}', '{"networks": ["everywhere"]}'),
        *('{"settings": {"numbers.region": "Atlantis"}}', '{"settings": {"http.port": "1"}}', '{"hours": "9-17"}'),
    ],
    "created_at": ["", "yesterday", "2026-01-01T00:00:00"],
    "expires_at": ["", "soon", "2030-01-01T00:00:00"],
}


@pytest.mark.parametrize(("column", "value"), [(column, value) for column in BROKEN for value in BROKEN[column]])
def test_one_key_that_cannot_be_read_is_one_key_that_does_not_work(keys, database, caplog, column, value):
    bad, good, gone = keys.add("bad", Options()), keys.add("good", Options()), keys.add("gone", Options())
    with database.write() as connection:
        connection.execute(f"UPDATE keys SET {column} = ? WHERE name = 'bad'", (value,))
    for _ in range(3):
        keys.load()
    assert keys.open(good, Feature.CALLERID, PBX).name == "good"
    assert refusals(keys, PBX, 1, bad) == [KeyWrong]
    assert list(keys.unreadable) == ["bad"]
    assert caplog.text.count("The key bad in bridge.db cannot be read") == 1
    keys.revoke("gone")
    assert refusals(keys, PBX, 1, gone) == [KeyWrong]
    with pytest.raises(BadParameter, match="cannot be read"):
        keys.add("bad", Options())
    keys.revoke("bad")
    assert not keys.unreadable
    assert keys.open(keys.add("bad", Options()), Feature.CALLERID, PBX)


@pytest.mark.parametrize("value", ["", "soon", "2999-01-01T00:00:00+00:00"])
def test_an_odd_moment_of_revocation_revokes_all_the_same(keys, database, value):
    bad = keys.add("bad", Options())
    with database.write() as connection:
        connection.execute("UPDATE keys SET revoked_at = ?", (value,))
    keys.load()
    assert refusals(keys, PBX, 1, bad) == [KeyWrong]


def test_a_name_that_is_no_text_stops_nobody(keys, database):
    good = keys.add("good", Options())
    keys.add("bad", Options())
    with database.write() as connection:
        connection.execute("UPDATE keys SET name = CAST(x'ff' AS TEXT) WHERE name = 'bad'")
    keys.load()
    assert keys.open(good, Feature.CALLERID, PBX)
    assert len(keys.unreadable) == 1


def test_a_key_that_did_not_change_stays_the_same_object(keys):
    first = keys.open(keys.add("one", Options()), Feature.CALLERID, PBX)
    keys.add("two", Options())
    assert keys.named("one") is first


def test_expiry_is_warned_of_once_a_day_and_shown(keys, caplog):
    now = dt.datetime.now(dt.UTC)
    keys.add("soon", Options(), expires_at=now + dt.timedelta(days=5, hours=1))
    keys.add("late", Options(), expires_at=now + dt.timedelta(days=50))
    keys.add("never", Options())
    for _ in range(3):
        keys.warn_of_expiry()
    assert [record.getMessage()[:32] for record in caplog.records] == ["The key soon expires in 5 days, "]
    for name, days in (("soon", 5.04), ("late", 50)):
        shown = REGISTRY.get_sample_value("itflow_bridge_key_expires_seconds", {"key": name})
        assert shown == pytest.approx(days * 86400, abs=900)
    keys.revoke("soon")
    keys.warn_of_expiry()
    assert REGISTRY.get_sample_value("itflow_bridge_key_expires_seconds", {"key": "soon"}) is None


def test_a_key_of_the_settings_must_be_live_too(keys):
    keys.add("asterisk", Options(features=frozenset({Feature.CALLERID})))
    assert keys.open_named("asterisk", Feature.CALLERID, PBX).name == "asterisk"
    with pytest.raises(FeatureDenied):
        keys.open_named("asterisk", Feature.BALANCE, PBX)
    keys.revoke("asterisk")
    for name in ("asterisk", "nobody"):
        with pytest.raises(KeyMissing):
            keys.open_named(name, Feature.CALLERID, PBX)


@pytest.mark.parametrize("address", ["not an address", "", "192.0.2.7%1", "/run/socket"])
def test_an_odd_address_is_in_no_network(keys, address):
    secret = keys.add("phones", Options(networks=(ipaddress.ip_network("198.51.100.0/24"),)))
    with pytest.raises(FeatureDenied):
        keys.open(secret, Feature.PHONEBOOK, address)


def test_remembered_addresses_are_bounded(keys):
    secret = keys.add("pbx", Options())
    for n in range(2 * MAX_ADDRESSES):
        keys.open(secret, Feature.CALLERID, f"10.0.{n // 250}.{n % 250}")
    known = [keys.uses.familiar("pbx", f"10.0.{n // 250}.{n % 250}") for n in range(2 * MAX_ADDRESSES)]
    assert known == [False] * MAX_ADDRESSES + [True] * MAX_ADDRESSES


def test_a_replaced_secret_of_a_revoked_key_can_be_taken_over(keys):
    old = keys.add("one", Options())
    keys.rotate("one", dt.timedelta(days=7))
    keys.revoke("one")
    keys.add("two", Options(), secret=old)
    assert keys.open(old, Feature.CALLERID, PBX).name == "two"
