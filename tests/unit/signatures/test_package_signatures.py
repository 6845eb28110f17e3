"""The signature of a package: whose it is, and that nothing can be changed, added, left out or disguised under it."""

import io
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from lambent.adapters.signatures import CannotSign, Signer, ZipSignatures, signed_zip
from lambent.core.code_signature import BROKEN, CodeSignature
from lambent.core.signed_manifest import MANIFEST, read
from tests.signed_packages import FILES, contents, fingerprint, packed, repacked, signed, signer, write_pem

START = datetime(2020, 1, 1, tzinfo=UTC)
SF, BLOCK = "META-INF/LAMBENT.SF", "META-INF/LAMBENT.EC"


async def examined(package: bytes) -> CodeSignature | None:
    return await ZipSignatures().examine(package)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
async def test_a_signed_package_tells_its_signer_and_its_end(kind: str, tmp_path: Path) -> None:
    by = signer(kind=kind)
    package = signed(by=by, job="1a66dfd1-4f29-4462-8f14-6e2c12f03575")
    found = await examined(package)
    assert found == CodeSignature(
        intact=True,
        certificate=fingerprint(by),
        valid_from=by.certificate.not_valid_before_utc.timestamp(),
        valid_until=by.certificate.not_valid_after_utc.timestamp(),
        job="1a66dfd1-4f29-4462-8f14-6e2c12f03575",
    )
    (tmp_path / "f.zip").write_bytes(package)
    assert await ZipSignatures().examine(tmp_path / "f.zip") == found


async def test_an_end_of_its_own_shortens_the_signature_and_never_lengthens_it() -> None:
    soon, late = datetime(2030, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=9999)
    by = signer(days=9000)
    assert (await examined(signed(by=by, expires=soon))).valid_until == soon.timestamp()
    assert (await examined(signed(by=by, expires=late))).valid_until == by.certificate.not_valid_after_utc.timestamp()


@pytest.mark.parametrize(
    "files",
    [FILES, {"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\n\r\n", **FILES}, {"x.SF": "META-INF/", "META-INF/a/b.SF": ""}],
)
async def test_a_package_without_a_signature_file_is_unsigned(files: dict[str, str]) -> None:
    assert await examined(packed(files)) is None


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "a file was changed": lambda p: repacked(p, {"app.py": "def handler(event, context): return 1"}),
    "a file was added": lambda p: repacked(p, {"evil.py": ""}),
    "a file was added beside the signature": lambda p: repacked(p, {"META-INF/evil": ""}),
    "a file was taken away": lambda p: repacked(p, {"lib/data.txt": None}),
    "a file was renamed": lambda p: repacked(p, {"app.py": None, "App.py": FILES["app.py"]}),
    "the manifest was changed": lambda p: repacked(p, {MANIFEST: contents(p)[MANIFEST] + b"\r\n"}),
    "the manifest is gone": lambda p: repacked(p, {MANIFEST: None}),
    "the signature file was changed": lambda p: repacked(p, {SF: contents(p)[SF].replace(b"lambent", b"LAMBENT")}),
    "the signature is gone": lambda p: repacked(p, {BLOCK: None}),
    "the signature is noise": lambda p: repacked(p, {BLOCK: b"\x30\x03\x02\x01\x01"}),
    "the signature is another's of the same kind": lambda p: repacked(p, {BLOCK: contents(signed({"a": "b"}))[BLOCK]}),
    "a second signature was added": lambda p: repacked(p, {"META-INF/OTHER.SF": contents(p)[SF]}),
    "a second block was added": lambda p: repacked(p, {"META-INF/LAMBENT.RSA": contents(p)[BLOCK]}),
    "a file became a link": lambda p: repacked(p, {}, modes={"app.py": stat.S_IFLNK | 0o644}),
    "a file became a folder": lambda p: repacked(p, {}, modes={"app.py": stat.S_IFDIR | 0o755}),
    "a file became executable": lambda p: repacked(p, {}, modes={"app.py": 0o100755}),
    "a name is there twice": lambda p: appended(p, "app.py", "def handler(event, context): return 1"),
}


def appended(package: bytes, name: str, content: str) -> bytes:
    buffer = io.BytesIO(package)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("change", list(CHANGES))
async def test_what_was_changed_after_signing_is_broken(change: str) -> None:
    assert await examined(CHANGES[change](signed())) == BROKEN


async def test_repacking_alone_changes_nothing() -> None:
    package = signed()
    assert await examined(repacked(package, {"lib/": ""}, modes={"lib/": 0o40755})) == await examined(package)


async def test_links_and_permissions_are_signed() -> None:
    modes = {"run.sh": 0o100755, "latest": stat.S_IFLNK | 0o777}
    package = signed({"run.sh": "exit", "latest": "run.sh"}, modes=modes)
    assert (await examined(package)).intact
    assert await examined(repacked(package, {}, modes={**modes, "run.sh": 0o100644})) == BROKEN


async def test_a_signature_by_a_key_that_is_not_the_certificates_is_broken() -> None:
    forged = Signer(key=ec.generate_private_key(ec.SECP256R1()), certificate=signer().certificate)
    assert await examined(signed(by=forged)) == BROKEN


async def test_short_keys_are_not_taken() -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 1024)
    name = signer().certificate.subject
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(5)
    certificate = builder.not_valid_before(START).not_valid_after(START + timedelta(days=9999)).sign(key, hashes.SHA256())
    assert await examined(signed(by=Signer(key=key, certificate=certificate))) == BROKEN


NAMES = st.sampled_from([MANIFEST, SF, BLOCK, "META-INF/X.SF", "app.py"])


@settings(max_examples=150, deadline=None, database=None)
@given(st.dictionaries(NAMES, st.binary(max_size=60) | st.sampled_from(list(contents(signed()).values()))))
def test_whatever_stands_where_a_signature_belongs_is_answered(files: dict[str, bytes]) -> None:
    import asyncio

    found = asyncio.run(examined(packed(files)))
    assert found in (None, BROKEN) or found.intact


@settings(max_examples=200, deadline=None, database=None)
@given(st.data())
def test_no_byte_of_a_signed_package_can_be_flipped_unnoticed(data: st.DataObject) -> None:
    import asyncio

    package = signed_once()
    names = [name for name in contents(package) if not name.endswith("/")]
    name = data.draw(st.sampled_from(names))
    content = bytearray(contents(package)[name])
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    changed = asyncio.run(examined(repacked(package, {name: bytes(content)})))
    # The envelope has bytes that nothing rests on, and a certificate that vouches for nothing until it is known: changed, it is
    # another signer's.
    original = asyncio.run(examined(package))
    assert changed == BROKEN or (name == BLOCK and (changed == original or changed.certificate != original.certificate))


def signed_once(kept: list[bytes] = []) -> bytes:  # noqa: B006 - made once
    if not kept:
        kept.append(signed())
    return kept[0]


def test_what_is_signed_already_or_is_no_zip_is_not_signed() -> None:
    for package, why in ((signed(), "already"), (b"no zip", "cannot be read"), (packed({}), "empty")):
        with pytest.raises(CannotSign, match=why):
            signed_zip(package, signer(), job="j", expires=None)


async def test_the_attributes_of_a_manifest_survive_signing() -> None:
    manifest = (
        "Manifest-Version: 1.0\r\nMain-Class: " + "a.b." * 40 + "\r\n\r\nName: app.py\r\nSHA-256-Digest: old\r\nSealed: true\r\n"
    )
    package = signed({MANIFEST: manifest, **FILES})
    after = read(contents(package)[MANIFEST])
    assert (after.main["Main-Class"], after.files["app.py"]["Sealed"]) == ("a.b." * 40, "true")
    assert (await examined(package)).intact


def test_keys_and_certificates_that_will_not_do_are_refused(tmp_path: Path) -> None:
    key, certificate = write_pem(signer(), tmp_path)
    other, _ = write_pem(signer("other"), tmp_path, "other")
    assert Signer.load(key, certificate, None).certificate == signer().certificate
    for wrong, why in (
        ((other, certificate), "another key"),
        ((certificate, certificate), "key"),
        ((tmp_path / "x", certificate), "x"),
    ):
        with pytest.raises(CannotSign, match=why):
            Signer.load(*wrong, None)
    locked, _ = write_pem(signer(), tmp_path, "locked", password=b"secret")
    assert Signer.load(locked, certificate, "secret").certificate == signer().certificate
    with pytest.raises(CannotSign):
        Signer.load(locked, certificate, "wrong")


@pytest.mark.skipif(shutil.which("jarsigner") is None, reason="needs jarsigner (a JDK)")
@pytest.mark.parametrize("kind", ["ec", "rsa"])
async def test_jarsigner_signs_for_lambent_and_verifies_what_lambent_signed(kind: str, tmp_path: Path) -> None:
    by = signer(kind=kind)
    store = tmp_path / "keys.p12"
    store.write_bytes(
        pkcs12.serialize_key_and_certificates(b"team", by.key, by.certificate, None, BestAvailableEncryption(b"changeit"))
    )
    (tmp_path / "plain.zip").write_bytes(packed({**FILES, "n" * 100 + "/é.txt": "long name"}))
    java = [
        "jarsigner",
        "-keystore",
        store,
        "-storepass",
        "changeit",
        "-signedjar",
        tmp_path / "java.zip",
        tmp_path / "plain.zip",
    ]
    subprocess.run([*java, "team"], check=True, capture_output=True, timeout=120)
    found = await ZipSignatures().examine(tmp_path / "java.zip")
    assert (found.intact, found.certificate, found.job) == (True, fingerprint(by), None)
    changed = repacked((tmp_path / "java.zip").read_bytes(), {"app.py": "other"})
    assert await examined(changed) == BROKEN
    linked = repacked((tmp_path / "java.zip").read_bytes(), {}, modes={"app.py": stat.S_IFLNK | 0o777})
    assert await examined(linked) == BROKEN

    (tmp_path / "ours.zip").write_bytes(signed(by=by))
    verified = subprocess.run(
        ["jarsigner", "-verify", tmp_path / "ours.zip"], capture_output=True, text=True, timeout=120, check=True
    )
    assert "jar verified" in verified.stdout
