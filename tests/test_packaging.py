"""The wheel is whole: installed elsewhere, without the checkout, it maps a message."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BED = "\r".join(
    (
        r"MSH|^~\&|BEDBORD|ZKH-A|GW|ZCC|20260901101500+0200||ADT^A20^ADT_A20|A20-1|T|2.5.1",
        "EVN|A20|20260901101455+0200",
        "NPU|SEH^K03^B1^ZKH-A|U",
    )
)
RUN = """
import sys
from gateway.cli import main
from gateway.data import shipped

assert "_data" in shipped("mappings").parts
main(["map", "run", sys.argv[1]])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(out)], cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_carries_mappings_and_profiles(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert "gateway/_data/profiles/package.json" in names
    assert any(n.startswith("gateway/_data/mappings/hl7v2/") and n.endswith("mapping.yaml") for n in names)
    assert any(
        n.endswith("store/migrations/postgresql/0001_schema.sql") or "/migrations/postgresql/0001" in n for n in names
    )


@pytest.mark.slow
def test_the_installed_wheel_maps_a_message_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    site = next(home.glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text(next(p for p in sys.path if p.endswith("site-packages")) + "\n")
    zipfile.ZipFile(wheel).extractall(site)
    message = tmp_path / "a20.hl7"
    message.write_text(BED, newline="")

    done = subprocess.run(
        [home / "bin" / "python", "-c", RUN, str(message)], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert '"resourceType":"Slot"' in done.stdout.replace(" ", "")
