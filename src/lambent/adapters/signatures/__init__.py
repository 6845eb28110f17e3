"""Code signatures: read from packages, made for them, and the certificates of those who may make them (docs/adr/0003)."""

from lambent.adapters.signatures.certificates import CertificatesRefused, known_profiles
from lambent.adapters.signatures.reading import ZipSignatures
from lambent.adapters.signatures.signing import CannotSign, Signer, signed_zip

__all__ = ["CannotSign", "CertificatesRefused", "Signer", "ZipSignatures", "known_profiles", "signed_zip"]
