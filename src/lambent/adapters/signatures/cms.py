"""Detached CMS signatures (RFC 5652), verified: one signer, RSA or elliptic curves, SHA-2. Imports cryptography: slow.

The structures are RFC 5652's, parsed as DER by the library; so are the certificates and the keys.
"""

import hashlib
from typing import Annotated

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_DATA = "1.2.840.113549.1.7.1"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_RSA_ALGORITHMS = {
    "1.2.840.113549.1.1.1": ("sha256", "sha384", "sha512"),  # says nothing of the digest
    "1.2.840.113549.1.1.11": ("sha256",),
    "1.2.840.113549.1.1.12": ("sha384",),
    "1.2.840.113549.1.1.13": ("sha512",),
}
"""PKCS #1 v1.5, with the digests that go with each."""
_ELLIPTIC_ALGORITHMS = {
    "1.2.840.10045.4.3.2": ("sha256",),
    "1.2.840.10045.4.3.3": ("sha384",),
    "1.2.840.10045.4.3.4": ("sha512",),
}
_RSA_BITS_AT_LEAST = 2048
_ELLIPTIC_BITS_AT_LEAST = 256


_UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for messages and certificates that it does not take."""


class NotVerified(Exception):
    """The signature is not of this content, or has a form that is not taken."""


@asn1.sequence
class _Algorithm:
    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class _Attribute:
    kind: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _Encapsulated:
    kind: x509.ObjectIdentifier
    content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class _IssuerAndSerial:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _Signer:
    version: int
    identifier: _IssuerAndSerial
    digest: _Algorithm
    attributes: Annotated[asn1.SetOf[_Attribute] | None, asn1.Implicit(0)]
    algorithm: _Algorithm
    signature: bytes
    unsigned: Annotated[asn1.SetOf[_Attribute] | None, asn1.Implicit(1)]


@asn1.sequence
class _SignedData:
    version: int
    digests: asn1.SetOf[_Algorithm]
    content: _Encapsulated
    certificates: Annotated[asn1.SetOf[x509.Certificate], asn1.Implicit(0)]
    signers: asn1.SetOf[_Signer]


@asn1.sequence
class _Message:
    kind: x509.ObjectIdentifier
    content: Annotated[_SignedData, asn1.Explicit(0)]


def verified_signer(message: bytes, content: bytes) -> x509.Certificate:
    """The certificate, out of the message itself, whose key signed `content`. Says nothing about whom to trust.

    Raises NotVerified.
    """
    try:
        data = asn1.decode_der(_Message, message)
        return _verified(data, content)
    except InvalidSignature as error:
        raise NotVerified("the signature is of something else") from error
    except _UNREADABLE as error:
        raise NotVerified(f"it cannot be read: {error}") from error


def _verified(message: _Message, content: bytes) -> x509.Certificate:
    signers = message.content.signers.as_list()
    if message.kind.dotted_string != _SIGNED_DATA or message.content.content.content is not None or len(signers) != 1:
        raise NotVerified("it is not a detached signature of one signer")
    signer = signers[0]
    certificate = _certificate(message.content.certificates.as_list(), signer.identifier)
    algorithm = _DIGESTS.get(signer.digest.algorithm.dotted_string)
    if algorithm is None:
        raise NotVerified("it has a digest other than SHA-256, SHA-384 and SHA-512")
    _verify(certificate, signer, algorithm, _signed_bytes(signer, algorithm, content))
    return certificate


def _certificate(certificates: list[x509.Certificate], identifier: _IssuerAndSerial) -> x509.Certificate:
    issuer = bytes(identifier.issuer.data)
    for each in certificates:
        # The name's own encoding begins with tag and length, which the parsed field has left out.
        if each.serial_number == identifier.serial and each.issuer.public_bytes().endswith(issuer):
            return each
    raise NotVerified("the signer's certificate is not in it")


def _signed_bytes(signer: _Signer, algorithm: hashes.HashAlgorithm, content: bytes) -> bytes:
    """What the key has signed: the content, or attributes that hold its digest (RFC 5652, section 5.4)."""
    if signer.attributes is None:
        return content
    attributes = signer.attributes.as_list()
    kinds = [each.kind.dotted_string for each in attributes]
    if len(set(kinds)) != len(kinds):
        raise NotVerified("an attribute is there twice")
    values = {each.kind.dotted_string: each.values.as_list() for each in attributes}
    digest = [each.parse(bytes) for each in values.get(_MESSAGE_DIGEST, ())]
    kind = [each.parse(x509.ObjectIdentifier).dotted_string for each in values.get(_CONTENT_TYPE, ())]
    if kind != [_DATA] or digest != [hashlib.new(algorithm.name, content).digest()]:
        raise NotVerified("it is of something else")
    return asn1.encode_der(signer.attributes)


def _verify(certificate: x509.Certificate, signer: _Signer, algorithm: hashes.HashAlgorithm, signed: bytes) -> None:
    key, named = certificate.public_key(), signer.algorithm.algorithm.dotted_string
    if isinstance(key, rsa.RSAPublicKey) and algorithm.name in _RSA_ALGORITHMS.get(named, ()):
        _refuse_short(key.key_size, _RSA_BITS_AT_LEAST)
        key.verify(signer.signature, signed, padding.PKCS1v15(), algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm.name in _ELLIPTIC_ALGORITHMS.get(named, ()):
        _refuse_short(key.key_size, _ELLIPTIC_BITS_AT_LEAST)
        key.verify(signer.signature, signed, ec.ECDSA(algorithm))
    else:
        raise NotVerified("its algorithm is not taken")


def _refuse_short(bits: int, least: int) -> None:
    if bits < least:
        raise NotVerified(f"its key has {bits} bits, and {least} are the least")
