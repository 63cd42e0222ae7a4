"""Who takes a file, and where it lies afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from gateway.folder import Drop

ROOT = Path(__file__).parents[2]
LATER = 10.0
TAKER = """
import sys, time
from pathlib import Path
from gateway.folder import Drop
drop = Drop(Path(sys.argv[1]), "dev", settled_after=0)
print("ready", flush=True)
sys.stdin.readline()
for claim in drop.claims(time.time() + 10):
    print(claim.name, len(claim.content()), flush=True)
    if sys.argv[2] == "hang":
        sys.stdin.readline()
    drop.finish(claim, "processed", {"txt": "well\\n"}, str(__import__("os").getpid()))
"""


def drop(folder: Path, *, settled_after: float = 2.0) -> Drop:
    return Drop(folder, "dev", settled_after=settled_after)


def put(folder: Path, name: str, content: bytes = b"one") -> Path:
    path = folder / "dev" / "in" / name
    path.write_bytes(content)
    return path


def names(folder: Path, which: str) -> list[str]:
    return sorted(path.name for path in (folder / "dev" / which).iterdir())


def taker(folder: Path, mode: str = "take") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", TAKER, str(folder), mode],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_file_is_moved_and_its_report_lies_beside_it(tmp_path: Path) -> None:
    ours = drop(tmp_path)
    put(tmp_path, "bedden.csv", b"a;b")
    [claim] = ours.claims(time.time() + LATER)
    assert (claim.name, claim.content()) == ("bedden.csv", b"a;b")
    ours.finish(claim, "failed", {"txt": "row 1: wrong\n"}, "M")
    assert names(tmp_path, "failed") == ["M-bedden.csv", "M-bedden.csv.report.txt"]
    assert not names(tmp_path, "in")
    assert not names(tmp_path, "working")


def test_a_file_that_is_still_being_written_waits(tmp_path: Path) -> None:
    ours = drop(tmp_path)
    put(tmp_path, "bedden.csv")
    for name in (".bedden.csv.swp", "bedden.csv.part", "BEDDEN.FILEPART"):
        put(tmp_path, name)
    assert list(ours.claims(time.time())) == []
    assert [claim.name for claim in ours.claims(time.time() + LATER)] == ["bedden.csv"]


def test_the_oldest_file_comes_first(tmp_path: Path) -> None:
    ours = drop(tmp_path)
    for name, changed in (("b.csv", 100), ("a.csv", 200), ("c.csv", 50)):
        os.utime(put(tmp_path, name), (changed, changed))
    assert [claim.name for claim in ours.claims(time.time())] == ["c.csv", "b.csv", "a.csv"]


def test_what_is_no_plain_file_is_left_alone(tmp_path: Path) -> None:
    ours = drop(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("not theirs")
    (tmp_path / "dev" / "in" / "link.csv").symlink_to(secret)
    (tmp_path / "dev" / "in" / "folder").mkdir()
    os.mkfifo(tmp_path / "dev" / "in" / "pipe.csv")
    assert list(ours.claims(time.time() + LATER)) == []


def test_a_file_that_changed_after_it_was_claimed_is_not_whole_and_goes_back(tmp_path: Path) -> None:
    ours = drop(tmp_path)
    path = put(tmp_path, "bedden.csv")
    with path.open("ab") as sender:
        [claim] = ours.claims(time.time() + LATER)
        sender.write(b"more")
    assert not claim.whole
    ours.give_back(claim)
    assert path.read_bytes() == b"onemore"


def test_giving_back_never_overwrites_a_newer_file_of_that_name(tmp_path: Path) -> None:
    ours = drop(tmp_path)
    put(tmp_path, "bedden.csv", b"older")
    [claim] = ours.claims(time.time() + LATER)
    put(tmp_path, "bedden.csv", b"newer")
    ours.give_back(claim)
    claims = ours.claims(time.time() + LATER)
    contents = []
    for held in claims:
        contents.append(held.content())
        ours.finish(held, "processed", {"txt": ""}, held.path.name)
    assert contents == [b"older", b"newer"]


def test_each_file_is_taken_by_one_of_four_nodes(tmp_path: Path) -> None:
    drop(tmp_path)
    for n in range(200):
        put(tmp_path, f"{n}.csv", b"x" * n)
    takers = [taker(tmp_path) for _ in range(4)]
    for process in takers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    taken = [line for process in takers for line in process.communicate()[0].splitlines()]
    assert sorted(taken) == sorted(f"{n}.csv {n}" for n in range(200))
    assert len(names(tmp_path, "processed")) == 400


def test_what_a_killed_node_held_is_taken_by_the_next_and_not_before(tmp_path: Path) -> None:
    ours = drop(tmp_path)
    put(tmp_path, "bedden.csv", b"whole")
    with taker(tmp_path, "hang") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "bedden.csv 5\n"
        assert list(ours.claims(time.time() + LATER)) == []
        process.kill()
        process.wait()
    assert [(claim.name, claim.content()) for claim in ours.claims(time.time() + LATER)] == [("bedden.csv", b"whole")]


def test_only_what_was_processed_long_ago_is_deleted(tmp_path: Path) -> None:
    ours = drop(tmp_path)
    for name, outcome in (("well.csv", "processed"), ("wrong.csv", "failed")):
        put(tmp_path, name)
        [claim] = ours.claims(time.time() + LATER)
        ours.finish(claim, outcome, {"txt": ""}, "M")  # type: ignore[arg-type] # a literal of the table above
    ours.sweep(time.time() - LATER)
    assert len(names(tmp_path, "processed")) == 2
    ours.sweep(time.time() + LATER)
    assert names(tmp_path, "processed") == []
    assert len(names(tmp_path, "failed")) == 2
