"""A damaged bridge.db is set aside, and what can be read of it is carried over."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bridge.directory.reader import Reader
from bridge.errors import StorageError
from bridge.storage import Database, rescue
from bridge.storage.schema import steps
from tests.storage.test_upgrade import file_of, holds_everything

# What cannot be pulled again from ITFlow.
OWN = ("keys", "journal", "calls", "phones")
Spoil = Callable[[Path], object]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Release 1.0's file, upgraded and pulled since, with 300 more calls."""
    path = file_of("1.0", tmp_path)
    database = Database(path)
    with database.write() as connection:
        connection.executemany(
            "INSERT INTO calls (at, key, number, name) VALUES ('2026-11-27', 'pbx', ?, 'Ann')",
            [(f"+1212555{number:04}",) for number in range(300)],
        )
        connection.execute("INSERT INTO mirror_marks VALUES ('contacts', 0, x'00', 18, 1, 18)")
        connection.execute("UPDATE entry SET read_as = 'US 1.0'")
    database.close()
    return path


def rows(path: Path) -> dict[str, set[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return {table: set(connection.execute(f"SELECT * FROM {table}")) for table in OWN}


def pages(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(path)) as connection:
        (size,), (count,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_size", "page_count"))
    return size, count


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def root_of(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    return int(root)


def asides(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.corrupt-*"))


def test_a_sound_file_is_left_alone(path: Path) -> None:
    before = path.read_bytes()
    assert rescue(path) is None
    assert path.read_bytes() == before
    assert rescue(path.with_name("nowhere.db")) is None
    holds = [file.name for file in path.parent.iterdir()]
    assert holds == ["bridge.db"]


def _zeros(size: int) -> bytes:
    return bytes(size)


def _noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("damage", [_zeros, _noise])
def test_whichever_page_is_damaged_what_is_lost_is_named_and_the_rest_is_there(
    path: Path, damage: Callable[[int], bytes]
) -> None:
    sound, before = path.read_bytes(), rows(path)
    size, count = pages(path)
    rescued = 0
    for page in range(1, count):  # the first is a case of its own
        path.write_bytes(sound)
        overwrite(path, page * size, damage(size))
        done = rescue(path)
        after = rows(path)
        lost = {table for table in OWN if not before[table] <= after[table]}
        assert lost <= set(done.damaged if done else ()), (page, done)
        if done is None:  # a page that nothing uses
            assert after == before
            continue
        rescued += 1
        assert done.aside.read_bytes()[: page * size] == sound[: page * size]
        Database(path).close()
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert not connection.execute("SELECT 1 FROM mirror_marks").fetchone()
        for aside in asides(path):
            aside.unlink()
    assert rescued > count / 2
    assert [file.name for file in path.parent.iterdir()] == ["bridge.db"]


def test_a_page_in_the_middle_costs_its_own_rows_only(path: Path) -> None:
    size, count = pages(path)
    sound, before = path.read_bytes(), rows(path)
    root = root_of(path, "calls")
    leaf = next(
        page
        for page in range(1, count)
        if b"pbx+12125550150" in sound[page * size : (page + 1) * size] and page + 1 != root
    )
    overwrite(path, leaf * size, bytes(size))
    done = rescue(path)
    assert done is not None
    assert done.damaged == ["calls"]
    assert 0 < len(before["calls"]) - done.kept["calls"] < 120
    numbers = [row[3] for row in rows(path)["calls"]]
    assert "+12125550000" in numbers
    assert "+12125550299" in numbers


def _first_page(path: Path) -> None:
    overwrite(path, 0, bytes(pages(path)[0]))


def _header(path: Path) -> None:
    overwrite(path, 16, b"\xff\xff\xff\xff")


def _half(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize("spoil", [_first_page, _header, _half])
def test_a_file_of_which_nothing_or_little_is_left_gives_way_to_a_new_one(path: Path, spoil: Spoil) -> None:
    spoil(path)
    spoiled = path.read_bytes()
    done = rescue(path)
    assert done is not None
    assert "keys" in done.damaged
    assert done.aside.read_bytes() == spoiled
    assert "bridge.db.corrupt-" in str(done)
    assert "keys list" in str(done)
    Database(path).close()


def test_what_is_damaged_of_the_mirror_is_pulled_and_read_anew_while_the_rest_answers(path: Path) -> None:
    database = Database(path)
    origin, _ = Reader(database).read()
    database.close()
    overwrite(path, (root_of(path, "number_to_entry") - 1) * pages(path)[0], bytes(pages(path)[0]))
    done = rescue(path)
    assert done is not None
    assert not set(done.damaged) & {"number", *OWN}  # an index is made of its table again
    database = Database(path)
    snapshot, _ = Reader(database).read()
    assert snapshot is not None
    assert origin is not None
    assert [entry.name for entry in snapshot.match("+12125550101")] == ["Alice O'Neil"]
    assert snapshot.version != origin.version
    with database.read() as connection:
        assert not connection.execute("SELECT 1 FROM entry WHERE read_as IS NOT NULL").fetchone()
        assert not connection.execute("SELECT 1 FROM mirror_modules WHERE rows IS NOT NULL").fetchone()
    database.close()


def test_release_1_0_damaged_is_carried_over_and_upgraded(tmp_path: Path) -> None:
    path = file_of("1.0", tmp_path)
    overwrite(path, (root_of(path, "mirror_pages") - 1) * pages(path)[0], bytes(pages(path)[0]))
    done = rescue(path)
    assert done is not None
    holds_everything(path)


def test_what_is_in_the_log_only_is_carried_over(path: Path, tmp_path: Path) -> None:
    """As after kill -9: the newest rows stand in bridge.db-wal."""
    database = Database(path)
    with database.write() as connection:
        connection.execute("INSERT INTO calls (at, key, number, name) VALUES ('now', 'pbx', '101', 'Newest')")
    killed = tmp_path / "killed"
    killed.mkdir()
    for file in tmp_path.glob("bridge.db*"):
        (killed / file.name).write_bytes(file.read_bytes())
    database.close()
    path = killed / "bridge.db"
    overwrite(path, (root_in(killed, "mirror_facts") - 1) * 4096, bytes(4096))
    done = rescue(path)
    assert done is not None
    assert "Newest" in {row[4] for row in rows(path)["calls"]}


def root_in(folder: Path, table: str) -> int:
    """Read in a copy, so that the log stays as it is."""
    copy = folder / "copy"
    copy.mkdir()
    for file in folder.glob("bridge.db*"):
        (copy / file.name).write_bytes(file.read_bytes())
    return root_of(copy / "bridge.db", table)


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "etc" / "bridge.db"
    link.parent.mkdir()
    link.symlink_to(path)
    overwrite(path, (root_of(path, "number_to_entry") - 1) * pages(path)[0], bytes(pages(path)[0]))
    done = rescue(link)
    assert done is not None
    assert done.aside.parent == path.parent
    assert link.is_symlink()
    assert len(rows(link)["calls"]) == 301
    assert [file.name for file in link.parent.iterdir()] == ["bridge.db"]


def test_ids_that_were_given_are_not_given_again(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (last,) = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
    overwrite(path, (root_of(path, "journal") - 1) * pages(path)[0], bytes(pages(path)[0]))
    done = rescue(path)
    assert done is not None
    assert done.kept["journal"] == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone() == (last,)


@pytest.mark.parametrize("content", [b"[itflow]\nurl = 'https://itflow.example'\n" * 99, b""], ids=["text", "empty"])
def test_a_file_that_was_never_a_database_stays_where_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bridge.toml"
    path.write_bytes(content)
    assert rescue(path) is None
    assert path.read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == ["bridge.toml"]


def test_a_newer_release_s_file_stays_where_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(steps()) + 1}")
    overwrite(path, (root_of(path, "calls") - 1) * pages(path)[0], bytes(pages(path)[0]))
    assert rescue(path) is None
    assert not asides(path)


def test_a_damaged_file_that_somebody_has_open_is_not_replaced(path: Path) -> None:
    overwrite(path, (root_of(path, "calls") - 1) * pages(path)[0], bytes(pages(path)[0]))
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT count(*) FROM keys").fetchone()
        with pytest.raises(StorageError, match="end every other command"):
            rescue(path, wait_s=0.1)
    assert not asides(path)


def test_a_damaged_file_is_told_as_such_and_never_answered_from(path: Path) -> None:
    database = Database(path)
    reader = Reader(database)
    before, _ = reader.read()
    size = pages(path)[0]
    overwrite(path, (root_of(path, "entry") - 1) * size, bytes(size))
    damaged = Database(path)
    with damaged.write() as connection:
        connection.execute("UPDATE mirror_facts SET value = value + 1 WHERE name = 'version'")
    with pytest.raises(StorageError, match=r"Restart the bridge"):
        Reader(damaged).read()
    assert before is not None
    assert before.match("+12125550101")
    damaged.close()
    database.close()


# Rescues the file, and kills itself like kill -9 before the system call of that number that names a file.
_KILLED = """
import os, signal, sys
from itertools import count
from pathlib import Path
from bridge.storage import rescue
number = count(1)
def called(event, _):
    if event.split(".")[0] in {"open", "os", "sqlite3"} and next(number) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(called)
rescue(Path(sys.argv[1]))
"""


def test_kill_9_anywhere_in_a_rescue_loses_nothing(path: Path) -> None:
    overwrite(path, (root_of(path, "number_to_entry") - 1) * pages(path)[0], bytes(pages(path)[0]))
    damaged, before = path.read_bytes(), rows(path)
    for number in range(1, 1000):
        path.write_bytes(damaged)
        done = subprocess.run([sys.executable, "-c", _KILLED, str(path), str(number)], check=False)
        rescue(path)
        assert rows(path) == before, number
        assert asides(path)[-1].read_bytes() == damaged
        Database(path).close()
        if done.returncode == 0:
            break
    assert number > 8
