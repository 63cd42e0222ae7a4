"""FHIR packages: what is unpacked, what is refused, and what the lock file keeps."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.errors import Conflict, GatewayError, MalformedMessage, ResourceNotFound, TooLarge
from gateway.validation.packages import PackageStore, pack, read, sha256
from gateway.validation.packages.archive import Limits
from gateway.validation.packages.packing import archive, own
from gateway.validation.profiles.shipped import library

MANIFEST = {"name": "example.colours", "version": "1.0.0", "fhirVersions": ["4.0.1"]}
PATIENT = {
    "resourceType": "StructureDefinition",
    "url": "https://example.org/StructureDefinition/p",
    "type": "Patient",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "differential": {"element": [{"id": "Patient", "path": "Patient"}]},
}


def package(files: dict[str, bytes] | None = None, **manifest: object) -> bytes:
    """Return a package with a manifest and some files."""
    held = {"package/package.json": json.dumps(MANIFEST | manifest).encode()}
    return archive(held | {"package/StructureDefinition-p.json": json.dumps(PATIENT).encode()} | (files or {}))


def tarred(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return an archive with members as they are, on top of a right package."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as out:
        content = json.dumps(MANIFEST).encode()
        for entry, body in ((tarfile.TarInfo("package/package.json"), content), *members):
            entry.size = len(body)
            out.addfile(entry, io.BytesIO(body))
    return packed.getvalue()


def entry(name: str, type_: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = type_, link
    return made


# --- reading ----------------------------------------------------------------------------------------------------


def test_the_files_below_package_are_taken_and_no_others() -> None:
    found = read(package({"package/a/b.json": b"{}", "elsewhere.json": b"{}", "other/x.json": b"{}"}))

    assert set(found.files) == {"package.json", "StructureDefinition-p.json", "a/b.json"}
    assert found.manifest.id == "example.colours#1.0.0"
    assert found.manifest.is_r4


@pytest.mark.parametrize(
    "member",
    [
        entry("package/../../etc/passwd"),
        entry("package/../x.json"),
        entry("/etc/passwd"),
        entry("../x"),
        entry("package/a\\..\\b"),
        entry("package/a\nb"),
        entry("package/" + "x" * 300),
        entry("package/link", tarfile.SYMTYPE, "/etc/passwd"),
        entry("package/link", tarfile.SYMTYPE, "package.json"),
        entry("package/hard", tarfile.LNKTYPE, "package/package.json"),
        entry("package/device", tarfile.CHRTYPE),
        entry("package/block", tarfile.BLKTYPE),
        entry("package/pipe", tarfile.FIFOTYPE),
        entry("package/package.json"),
        entry("package/PACKAGE.json"),
    ],
    ids=lambda member: member.name[:24],
)
def test_what_is_no_plain_file_below_package_is_refused(member: tarfile.TarInfo) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read(tarred((member, b"")))

    assert refused.value.issues[0].code == "bad-package"


@pytest.mark.parametrize(
    ("limits", "content"),
    [
        (Limits(packed=100), package()),
        (Limits(unpacked=1_000), package({"package/a.json": b" " * 5_000})),
        (Limits(one_file=1_000), package({"package/a.json": b" " * 5_000})),
        (Limits(files=3), package({f"package/{at}.json": b"{}" for at in range(4)})),
        (Limits(), package({"package/bomb.json": b"\0" * 20_000_000})),
        (Limits(ratio=10), package({"package/a.json": b" " * 500_000})),
    ],
    ids=["packed", "unpacked", "one file", "files", "bomb", "ratio"],
)
def test_what_is_too_large_is_refused(limits: Limits, content: bytes) -> None:
    with pytest.raises(TooLarge):
        read(content, limits)


def test_a_header_that_promises_more_than_there_is_costs_no_memory() -> None:
    """A tar header can say that 8 GB follow."""
    huge = entry("package/a.json")
    huge.size = 8_000_000_000
    content = gzip.compress(huge.tobuf() + b"x" * 512)

    with pytest.raises((TooLarge, MalformedMessage)):
        read(content)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"not an archive",
        lambda content: content[: len(content) // 2],
        lambda _: gzip.compress(b"not a tar" * 100),
        lambda content: content[:30] + b"\xff" * 20 + content[50:],
        lambda _: tarred((entry("package/x"), b""))[:60],
        lambda _: archive({"package/a.json": b"{}"}),
        lambda _: archive({"package/package.json": b"[]"}),
        lambda _: archive({"package/package.json": b"{"}),
        lambda _: package(name="../../evil"),
        lambda _: package(name="a#b"),
        lambda _: package(version="1/../../2"),
        lambda _: package(version=""),
        lambda _: package(name=7),
    ],
)
def test_what_is_no_package_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(GatewayError):
        read(spoil(package()))


# --- the folder -------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> PackageStore:
    return PackageStore(tmp_path / "packages")


def test_a_package_is_installed_once(store: PackageStore) -> None:
    first = store.install(package(dependencies={"hl7.fhir.r4.core": "4.0.1"}))
    again = store.install(package(dependencies={"hl7.fhir.r4.core": "4.0.1"}))

    assert (first.status, again.status) == ("installed", "unchanged")
    assert [one.id for one in store.installed()] == ["example.colours#1.0.0"]
    assert first.sha256 == sha256(package(dependencies={"hl7.fhir.r4.core": "4.0.1"}))
    assert (store.folder / "example.colours#1.0.0" / "package" / "StructureDefinition-p.json").is_file()
    assert list(store.faults()) == []


def test_another_content_under_the_same_name_is_refused_and_changes_nothing(store: PackageStore) -> None:
    store.install(package())
    before = (store.folder / "profiles.lock").read_bytes()

    with pytest.raises(Conflict, match="another checksum"):
        store.install(package({"package/more.json": b"{}"}))

    assert (store.folder / "profiles.lock").read_bytes() == before
    assert not (store.folder_of("example.colours#1.0.0") / "more.json").exists()


def test_the_checksum_that_is_asked_for_has_to_be_that_of_the_package(store: PackageStore) -> None:
    with pytest.raises(Conflict):
        store.install(package(), expected="00" * 32)

    assert store.installed() == []
    assert store.install(package(), expected=sha256(package()).upper()).status == "installed"


def test_another_version_stands_beside_it(store: PackageStore) -> None:
    store.install(package())
    store.install(package(version="1.0.1"))

    assert [one.id for one in store.installed()] == ["example.colours#1.0.0", "example.colours#1.0.1"]


def test_a_package_for_another_fhir_is_refused(store: PackageStore) -> None:
    with pytest.raises(MalformedMessage, match="another version of FHIR"):
        store.install(package(fhirVersions=["5.0.0"]))


def test_files_that_changed_are_noticed_and_put_right(store: PackageStore) -> None:
    store.install(package())
    file = store.folder_of("example.colours#1.0.0") / "StructureDefinition-p.json"
    file.write_text("{}")

    assert [text for _, text in store.faults()] == ["its files are not those that were installed"]

    assert store.install(package()).status == "installed"
    assert list(store.faults()) == []


def test_what_it_needs_is_said(store: PackageStore) -> None:
    store.install(package(dependencies={"example.base": "2.0.0", "hl7.fhir.r4.core": "4.0.1"}))

    assert [text for _, text in store.faults()] == ["it needs example.base#2.0.0, which is not installed"]


def test_it_can_be_removed(store: PackageStore) -> None:
    store.install(package())
    store.remove("example.colours#1.0.0")

    assert store.installed() == []
    assert not (store.folder / "example.colours#1.0.0").exists()
    for id_ in ("example.colours#1.0.0", "../../x#1"):
        with pytest.raises(ResourceNotFound):
            store.remove(id_)


def test_a_refusal_leaves_nothing_behind(store: PackageStore) -> None:
    with pytest.raises(MalformedMessage):
        store.install(tarred((entry("package/link", tarfile.SYMTYPE, "/etc/passwd"), b"")))

    assert not store.folder.exists()


def test_two_who_install_at_once_make_one(store: PackageStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: store.install(package()).status, range(8)))

    assert sorted(made) == ["installed"] + ["unchanged"] * 7
    assert list(store.faults()) == []
    assert [path.name for path in store.folder.iterdir() if path.name.startswith(".new")] == []


def test_a_spoilt_lock_file_is_said(store: PackageStore) -> None:
    store.install(package())
    (store.folder / "profiles.lock").write_text('{"packages": 3}')

    with pytest.raises(MalformedMessage):
        store.installed()


# --- use and making ---------------------------------------------------------------------------------------------


def test_installed_profiles_are_known(store: PackageStore, tmp_path: Path) -> None:
    store.install(package())
    file = tmp_path / "p.tgz"
    file.write_bytes(package())

    assert library(store.folder).profile("https://example.org/StructureDefinition/p") is not None
    assert library(None, [file]).profile("https://example.org/StructureDefinition/p") is not None
    assert library(tmp_path / "nowhere").profile("https://example.org/StructureDefinition/p") is None


def test_the_same_files_are_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "package.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "StructureDefinition-p.json").write_text(json.dumps(PATIENT))
    (tmp_path / "examples" / "Patient-x.json").write_text('{"resourceType": "Patient", "id": "x"}')
    name, first = pack(tmp_path)
    (tmp_path / "package.json").touch()

    assert pack(tmp_path)[1] == first
    assert name == "example.colours#1.0.0"
    assert set(read(first).files) == {
        "package.json", ".index.json", "StructureDefinition-p.json", "example/.index.json", "example/Patient-x.json",
    }  # fmt: skip
    assert json.loads(read(first).files[".index.json"])["files"][0]["url"] == PATIENT["url"]


def test_long_names_are_packed(tmp_path: Path) -> None:
    long = f"ValueSet-{'x' * 150}.json"
    (tmp_path / "package.json").write_text(json.dumps(MANIFEST))
    (tmp_path / long).write_text('{"resourceType": "ValueSet"}')

    assert long in read(pack(tmp_path)[1]).files
    assert pack(tmp_path)[1] == pack(tmp_path)[1]


def test_a_folder_without_a_manifest_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(MalformedMessage):
        pack(tmp_path)


def test_our_own_package_installs(store: PackageStore) -> None:
    name, content = own()

    assert own()[1] == content
    assert store.install(content).id == name
    assert list(store.faults()) == []
    held = read(content).files
    assert "ConceptMap-care-type-to-saner.json" in held
    assert "StructureDefinition-capacity-slot.json" in held
    assert any(path.startswith("example/") for path in held)
