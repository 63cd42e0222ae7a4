"""`make clients`: other people's FHIR clients, and schemathesis, against a gateway of this checkout on both databases.

Everything is installed for this alone: into `.venv-clients` and `clients/node_modules`.
"""

import argparse
import json
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

import requests  # noqa: E402 - of the environment that runs this

from tests.databases import Postgresql  # noqa: E402 - found by the first line above
from tests.servers import Running, serving  # noqa: E402

VENV = ROOT / ".venv-clients"
PYTHON = VENV / "bin" / "python"
SCHEMATHESIS = VENV / "bin" / "schemathesis"
NODE_MODULES = HERE / "node_modules"
PYTHON_SESSIONS = ("fhirpy_session.py", "fhirclient_session.py")
NODE_SESSIONS = ("fhir_kit_client.mjs", "medplum.mjs")
SOME_TYPES = "Slot|Location|Patient|ServiceRequest|Bundle|Provenance|ConceptMap|StructureMap|CodeSystem|ValueSet|Task"
"""Types that stand for the others, for whose paths schemathesis would need an hour."""
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method"
)


def main() -> int:
    """Return 0 when every session held and every answer was one that the OpenAPI document has."""
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
    print(
        "\n".join(f"FAILED: {name}" for name in failed)
        or "every session held; no answer was a 5xx, or one that the OpenAPI document does not have"
    )
    return bool(failed)


def install() -> None:
    """Install the clients, unless those that are wanted are there."""
    requirements, package = HERE / "requirements.txt", HERE / "package.json"
    if not _is_there(VENV, requirements):
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(requirements)], check=True)
        _mark(VENV, requirements)
    npm = shutil.which("npm")
    if npm and not _is_there(NODE_MODULES, package):
        quietly = ("--no-package-lock", "--no-audit", "--no-fund", "--silent")
        subprocess.run([npm, "install", *quietly], cwd=HERE, check=True)
        _mark(NODE_MODULES, package)


def _is_there(folder: Path, wanted: Path) -> bool:
    """Return whether what a file wants was installed wholly, and is still what it wants."""
    mark = folder / ".ready"
    return mark.exists() and mark.read_bytes() == wanted.read_bytes()


def _mark(folder: Path, wanted: Path) -> None:
    (folder / ".ready").write_bytes(wanted.read_bytes())


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
    if node and NODE_MODULES.exists():
        commands += [[node, str(HERE / name)] for name in NODE_SESSIONS]
    else:
        print(f"skipped, for there is no {'npm' if node else 'Node'} here: {', '.join(NODE_SESSIONS)}")
    for command in commands:
        name = Path(command[1]).name
        print(f"--- {name}", flush=True)
        if subprocess.run([*command, f"{running.base}/fhir"], check=False).returncode:
            yield name


def fuzzed(running: Running, *, every: bool, examples: int) -> bool:
    """Return whether what schemathesis thinks of is answered as the OpenAPI document says, and never with a 5xx.

    It asks twice: for what is not there, and for what is.
    """
    only = [] if every else ["--exclude-path-regex", rf"^/fhir/(?!(?:{SOME_TYPES})\b)[A-Z]"]
    command = [
        "run", f"{running.base}/openapi.json", "--checks", CHECKS, "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(examples), "--continue-on-failure", "--warnings", "off", *only,
    ]  # fmt: skip
    print("--- schemathesis", flush=True)
    anything = subprocess.run([SCHEMATHESIS, *command], check=False)
    print("--- schemathesis, of what is there", flush=True)
    for resource in json.loads((HERE / "known.json").read_text(encoding="utf-8")):
        url = f"{running.base}/fhir/{resource['resourceType']}/{resource['id']}"
        requests.put(url, json=resource, timeout=30).raise_for_status()
    known = ["--config-file", str(HERE / "known.toml"), *command, "--exclude-method", "DELETE"]
    return anything.returncode == 0 == subprocess.run([SCHEMATHESIS, *known], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
