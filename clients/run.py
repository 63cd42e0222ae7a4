"""`make clients`: other people's FHIR clients, and schemathesis, against a gateway of this checkout on both databases.

Everything is installed for this alone: into `.venv-clients` and `clients/node_modules`.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from tests.databases import Postgresql  # noqa: E402 - found by the line above
from tests.servers import Running, serving  # noqa: E402

VENV = ROOT / ".venv-clients"
PYTHON = VENV / "bin" / "python"
PYTHON_SESSIONS = ("fhirpy_session.py", "fhirclient_session.py")
NODE_SESSIONS = ("fhir_kit_client.mjs", "medplum.mjs")
SOME_TYPES = "Slot|Location|Patient|ServiceRequest|Bundle|Provenance|ConceptMap|StructureMap|CodeSystem|ValueSet|Task"
"""Types that stand for the others, for whose paths schemathesis would need an hour."""


def main() -> int:
    """Return 0 when every session held and nothing was answered with a 5xx."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--all", action="store_true", help="let schemathesis try every type, not some")
    asked.add_argument("--examples", type=int, default=3, help="how much it makes up for each path")
    options = asked.parse_args()
    install()
    failed: list[str] = []
    for engine in ("sqlite", "postgresql"):
        with gateway(engine) as running:
            failed += [f"{name} on {engine}" for name in sessions(running)]
            if not fuzzed(running, every=options.all, examples=options.examples):
                failed.append(f"schemathesis on {engine}")
    print("\n".join(f"FAILED: {name}" for name in failed) or "every session held; no answer was a 5xx")
    return bool(failed)


def install() -> None:
    """Install the clients, once."""
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        wanted = ["-r", str(HERE / "requirements.txt")]
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], check=True)
    npm = shutil.which("npm")
    if npm and not (HERE / "node_modules").exists():
        subprocess.run(
            [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=True
        )


@contextmanager
def gateway(engine: str) -> Iterator[Running]:
    """Start a gateway with an empty store."""
    with TemporaryDirectory(prefix="msb-gateway-clients-") as name:
        folder = Path(name)
        if engine == "sqlite":
            with serving(folder, f"sqlite:///{folder}/store.sqlite") as running:
                yield running
            return
        server = Postgresql(folder / "server", "clients")
        try:
            with serving(folder, server.url) as running:
                yield running
        finally:
            server.close()


def sessions(running: Running) -> Iterator[str]:
    """Let every client have its session, and yield the names of those that did not hold."""
    commands = [[str(PYTHON), str(HERE / name)] for name in PYTHON_SESSIONS]
    node = shutil.which("node")
    if node:
        commands += [[node, str(HERE / name)] for name in NODE_SESSIONS]
    else:
        print(f"skipped, for there is no Node here: {', '.join(NODE_SESSIONS)}")
    for command in commands:
        name = Path(command[1]).name
        print(f"--- {name}", flush=True)
        if subprocess.run([*command, f"{running.base}/fhir"], check=False).returncode:
            yield name


def fuzzed(running: Running, *, every: bool, examples: int) -> bool:
    """Return whether whatever schemathesis thinks of is answered without a 5xx."""
    print("--- schemathesis", flush=True)
    only = [] if every else ["--exclude-path-regex", rf"^/fhir/(?!(?:{SOME_TYPES})\b)[A-Z]"]
    command = [
        str(VENV / "bin" / "schemathesis"), "run", f"{running.base}/openapi.json",
        "--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(examples), "--workers", "2", "--continue-on-failure", *only,
    ]  # fmt: skip
    return subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
