"""Signers with real keys and certificates, and packages that they signed, for tests."""

import hashlib
import io
import uuid
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from lambent.adapters.signatures import Signer, signed_zip

PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/team/abcdefgh12"
OTHER_PROFILE = PROFILE.replace("team", "others")
FILES = {"app.py": "def handler(event, context): return event", "lib/data.txt": "data"}


@cache
def signer(name: str = "team", *, kind: str = "ec", days: int = 365, begins: datetime | None = None) -> Signer:
    """The same for the same arguments. `days` counts from `begins`, which is an hour ago by default."""
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = begins or datetime.now(UTC) - timedelta(hours=1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start)
    return Signer(key=key, certificate=builder.not_valid_after(start + timedelta(days=days)).sign(key, hashes.SHA256()))


def fingerprint(of: Signer) -> str:
    return hashlib.sha256(of.certificate.public_bytes(Encoding.DER)).hexdigest()


def packed(files: Mapping[str, str | bytes], *, modes: Mapping[str, int] | None = None) -> bytes:
    """A zip of these files in this order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (modes or {}).get(name, 0o100644) << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def signed(
    files: Mapping[str, str | bytes] = FILES,
    *,
    by: Signer | None = None,
    expires: datetime | None = None,
    job: str | None = None,
    modes: Mapping[str, int] | None = None,
) -> bytes:
    return signed_zip(packed(files, modes=modes), by or signer(), job=job or str(uuid.uuid4()), expires=expires)


def contents(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(package: bytes, changes: Mapping[str, str | bytes | None], *, modes: Mapping[str, int] | None = None) -> bytes:
    """The package with files replaced, added, or taken away (None), as one who has not the key can do it."""
    found: dict[str, str | bytes | None] = {**contents(package), **changes}
    return packed({name: content for name, content in found.items() if content is not None}, modes=modes)


def write_pem(of: Signer, folder: Path, name: str = "team", *, password: bytes | None = None) -> tuple[Path, Path]:
    """Files with the key and the certificate."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    key.write_bytes(of.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    certificate.write_bytes(of.certificate.public_bytes(Encoding.PEM))
    return key, certificate
