"""No patient of flesh and blood is in the repository: every nine-digit number that could be a BSN is a test BSN."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NINE = re.compile(rb"(?<![0-9A-Za-z.+_-])\d{9}(?![0-9A-Za-z_-])")
# Published examples of the eleven-test that belong to nobody, and good negative tests.
_KNOWN = {b"123456782", b"123456789", b"111222333"}


def _tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name.decode() for name in names.split(b"\0") if name]


def _passes_eleven_test(digits: bytes) -> bool:
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(int(chr(d)) * w for d, w in zip(digits, weights, strict=True)) % 11 == 0


def test_every_bsn_in_the_repository_is_a_test_bsn() -> None:
    found = {
        (str(path.relative_to(ROOT)), number.decode())
        for path in _tracked()
        if path.is_file() and path.name != "requirements.lock"
        for number in _NINE.findall(path.read_bytes())
        if _passes_eleven_test(number) and not number.startswith(b"9999") and number not in _KNOWN
    }

    assert {f for f in found if f[1] != "000000000"} == set()


def test_no_private_key_is_in_the_repository() -> None:
    marker = b"-----BEGIN " + b"PRIVATE KEY-----"

    assert [p for p in _tracked() if p.is_file() and marker in p.read_bytes()] == []


def test_no_address_of_a_package_registry_or_path_of_a_machine() -> None:
    named = re.compile(rb"py" rb"pi\.org|python" rb"hosted|npm" rb"js\.|/wo" rb"rk/[a-z]|/ro" rb"ot/[a-z.]")

    assert [str(p.relative_to(ROOT)) for p in _tracked() if p.is_file() and named.search(p.read_bytes())] == []
