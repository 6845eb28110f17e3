"""Signs a zip as `reading` wants it: a JAR signature by one certificate's key, with the permissions of each file."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lambent.adapters.signatures.reading import signature_files
from lambent.core.signed_manifest import (
    EXPIRES,
    FOLDER,
    MANIFEST,
    SIGNATURE_SUFFIX,
    SIGNING_JOB,
    UNIX_MODE,
    Manifest,
    Unreadable,
    digest_attribute,
    read,
    without_digests,
    write,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

_STEM = FOLDER + "LAMBENT"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644


class CannotSign(Exception):
    """The key, the certificate or the zip will not do; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A key and the certificate that stands for it."""

    key: "EllipticCurvePrivateKey | RSAPrivateKey"
    certificate: "Certificate"

    @classmethod
    def load(cls, key: Path, certificate: Path, password: str | None) -> "Signer":
        """Read both from PEM files. Raises CannotSign; TypeError when the key is encrypted and there is no password."""
        from cryptography import x509  # noqa: PLC0415 - slow, and needed by this command alone
        from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

        try:
            private = load_pem_private_key(key.read_bytes(), None if password is None else password.encode())
            public = x509.load_pem_x509_certificate(certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise CannotSign(str(error)) from error
        if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise CannotSign("the key must be RSA or of an elliptic curve")
        if private.public_key() != public.public_key():
            raise CannotSign("the certificate is of another key")
        return cls(key=private, certificate=public)


def signed_zip(content: bytes, signer: Signer, *, job: str, expires: datetime | None) -> bytes:
    """The zip with its signature; what is in it stays as it is, the manifest's attributes too. Raises CannotSign.

    `job` becomes the end of the signing job's ARN. `expires` (with a time zone): None leaves it to the certificate.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {each: archive.read(each) for each in archive.infolist() if each.filename != MANIFEST}
            before = (
                read(archive.read(MANIFEST)) if MANIFEST in archive.namelist() else Manifest(main={"Manifest-Version": "1.0"})
            )
    except (zipfile.BadZipFile, Unreadable, NotImplementedError, RuntimeError, ValueError) as error:
        raise CannotSign(f"the zip cannot be read: {error}") from error
    if not files or signature_files([each.filename for each in files]):
        raise CannotSign("the zip has a signature already" if files else "the zip is empty")
    for info in files:
        if not info.external_attr >> 16 and not info.is_dir():
            info.external_attr |= _FILE_MODE << 16
    return _packed(files, _signature(_manifest(files, before), signer, {SIGNING_JOB: job, **_end(expires)}))


def _end(expires: datetime | None) -> dict[str, str]:
    return {} if expires is None else {EXPIRES: expires.isoformat()}


def _manifest(files: Mapping[zipfile.ZipInfo, bytes], before: Manifest) -> bytes:
    sections = {
        info.filename: {
            **without_digests(before.files.get(info.filename, {})),
            **dict([digest_attribute(content)]),
            UNIX_MODE: f"{info.external_attr >> 16:o}",
        }
        for info, content in files.items()
        if not info.is_dir()
    }
    return write(Manifest(main=before.main, files=sections))


def _signature(manifest: bytes, signer: Signer, attributes: Mapping[str, str]) -> dict[str, bytes]:
    """The three files of a signature, by name."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - as in Signer.load
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7  # noqa: PLC0415

    digest = dict([digest_attribute(manifest, of_manifest=True)])
    text = write(Manifest(main={"Signature-Version": "1.0", "Created-By": "lambent", **digest, **attributes}))
    builder = pkcs7.PKCS7SignatureBuilder().set_data(text).add_signer(signer.certificate, signer.key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities]
    suffix = ".RSA" if isinstance(signer.key, rsa.RSAPrivateKey) else ".EC"
    return {MANIFEST: manifest, _STEM + SIGNATURE_SUFFIX: text, _STEM + suffix: builder.sign(Encoding.DER, options)}


def _packed(files: Mapping[zipfile.ZipInfo, bytes], signature: Mapping[str, bytes]) -> bytes:
    """The signature comes first, as in a JAR."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in signature.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = _FILE_MODE << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
        for info, content in files.items():
            archive.writestr(info, content)
    return buffer.getvalue()
