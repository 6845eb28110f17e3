"""The certificates of known signers, from PEM files, without the cryptography library: a start must not wait for its import."""

import hashlib
import re
import ssl
from collections.abc import Mapping
from pathlib import Path

from lambent.core.code_signature import SigningProfiles
from lambent.settings import SettingsError

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class CertificatesRefused(SettingsError):
    """A file of certificates cannot be used; the message names it."""


def known_profiles(files: Mapping[str, str]) -> SigningProfiles:
    """`files`: ARN of a signing profile version -> PEM file with one certificate, or more. Raises CertificatesRefused."""
    found: dict[str, str] = {}
    for arn, file in files.items():
        for fingerprint in _fingerprints(Path(file)):
            if found.setdefault(fingerprint, arn) != arn:
                raise CertificatesRefused(f"signing_profiles: {file} has a certificate that stands for another profile already")
    return SigningProfiles(by_certificate=found)


def _fingerprints(file: Path) -> list[str]:
    try:
        certificates = [_der(each) for each in _CERTIFICATE.findall(file.read_text("ascii"))]
    except (OSError, ValueError) as error:
        raise CertificatesRefused(f"signing_profiles: {file} cannot be read: {error}") from error
    if not certificates:
        raise CertificatesRefused(f"signing_profiles: {file} has no certificate in PEM")
    return [hashlib.sha256(each).hexdigest() for each in certificates]


def _der(text: str) -> bytes:
    """Raises ssl.SSLError, an OSError, for what is no certificate."""
    certificate = ssl.PEM_cert_to_DER_cert(text)
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificate)
    return certificate
