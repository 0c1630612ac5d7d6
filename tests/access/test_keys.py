"""A key opens what it was made for, and nothing else."""

import datetime as dt
import ipaddress
import sqlite3

import pytest

from bridge.access.keys import Feature, Keys, Options
from bridge.errors import BadParameter, FeatureDenied, KeyMissing, KeyWrong, NotFound
from bridge.numbers import Trunk
from bridge.settings import load
from bridge.storage import Database


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "bridge.db")
    yield database
    database.close()


@pytest.fixture
def keys(database):
    return Keys(database, load())


def test_a_new_key_opens_every_feature_but_administration(keys):
    key = keys.find(keys.add("pbx", Options()))
    for feature in Feature:
        if feature is Feature.ADMIN:
            with pytest.raises(FeatureDenied, match="--allow admin"):
                key.check(feature, None)
        else:
            key.check(feature, None)


def test_an_old_key_can_be_taken_over(keys):
    assert keys.add("old pbx", Options(), secret="0123456789abcdef") == "0123456789abcdef"
    assert keys.find("0123456789abcdef").name == "old pbx"


def test_a_key_that_was_made_wrong_can_be_made_again(keys):
    keys.add("pbx", Options(features=frozenset({Feature.BALANCE})), secret="0123456789abcdef")
    keys.revoke("pbx")
    keys.add("other name", Options(), secret="0123456789abcdef")
    assert keys.find("0123456789abcdef").name == "other name"
    keys.revoke("other name")
    keys.add("other name", Options(), secret="another secret")
    assert [key.name for key in keys.all()] == ["other name"]
    with pytest.raises(KeyWrong):
        keys.find("0123456789abcdef")


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
    assert Keys(database, load()).find(secret).numbers.trunk is trunk


@pytest.mark.parametrize("name", ["", " "])
def test_a_key_needs_a_name(keys, name):
    with pytest.raises(BadParameter, match="needs a name"):
        keys.add(name, Options())


@pytest.mark.parametrize(
    ("secret", "error"), [(None, KeyMissing), ("", KeyMissing), ("nobody's", KeyWrong), ("\udcff", KeyWrong)]
)
def test_without_a_good_secret_there_is_no_key(keys, secret, error):
    with pytest.raises(error):
        keys.find(secret)


def test_revoked_and_expired_keys_are_refused(keys):
    revoked = keys.add("revoked", Options())
    keys.revoke("revoked")
    expired = keys.add("expired", Options(), expires_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    for secret in (revoked, expired):
        with pytest.raises(KeyWrong):
            keys.find(secret)
    with pytest.raises(NotFound):
        keys.revoke("revoked")


@pytest.mark.parametrize(
    ("address", "good"),
    [("192.0.2.7", True), ("::ffff:192.0.2.7", True), ("2001:db8::1", True), ("198.51.100.1", False), (None, False)],
)
def test_networks(keys, address, good):
    networks = (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32"))
    key = keys.find(keys.add("phones", Options(networks=networks)))
    if good:
        key.check(Feature.PHONEBOOK, address)
    else:
        with pytest.raises(FeatureDenied, match="may not be used from"):
            key.check(Feature.PHONEBOOK, address)


def test_a_key_brings_its_own_settings(keys):
    own = {"numbers.region": "de", "callerid.label": "{client}"}
    key = keys.find(keys.add("berlin", Options(settings=own)))
    assert (key.numbers.region, key.callerid.label) == ("DE", "{client}")
    other = keys.find(keys.add("other", Options()))
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
    content = "\n".join(sqlite3.connect(database.path).iterdump())
    assert "pbx" in content
    assert secret not in content


def test_another_process_adds_a_key(keys, database):
    before = database.version()
    other = Database(database.path)
    secret = Keys(other, load()).add("new", Options(clients=frozenset({1})))
    other.close()
    assert database.version() != before
    keys.load()
    assert keys.find(secret).clients == {1}
