"""The text files of a JAR signature, read and written: the manifest and the signature file (JAR File Specification).

Both are a main section and one section for each file, of `Name: value` lines; a line of more than 72 bytes goes on in the next
one after a space. Pure; the zip around it and the cryptography are the adapter's.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

FOLDER = "META-INF/"
MANIFEST = "META-INF/MANIFEST.MF"
SIGNATURE_SUFFIX = ".SF"
BLOCK_SUFFIXES = (".EC", ".RSA")
"""The signature itself, by the kind of key."""
SIGNING_JOB = "Lambent-Signing-Job"
EXPIRES = "Lambent-Signature-Expires"
UNIX_MODE = "Lambent-Unix-Mode"
"""Octal st_mode of a file: JAR signatures alone cover contents, neither permissions nor whether it is a link."""

_ALGORITHMS = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_LINE_BYTES = 72
_DIGEST = "-Digest"
_DIGEST_OF_MANIFEST = "-Digest-Manifest"

Attributes = Mapping[str, str]


class Unreadable(Exception):
    """The text is no manifest, or names a digest that we do not take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A manifest or signature file."""

    main: Attributes
    files: Mapping[str, Attributes] = field(default_factory=dict)
    """By the file's name in the zip."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """A digest as a manifest gives it."""

    algorithm: str
    """As hashlib names it."""
    value: bytes

    def of(self, content: bytes) -> bool:
        """Whether this is the content's digest."""
        return hashlib.new(self.algorithm, content).digest() == self.value


def read(content: bytes) -> Manifest:
    """Raises Unreadable, also when a file or an attribute is given twice."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n ", b"")  # a character may go on in the next line
    try:
        text = lines.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("it is not UTF-8") from error
    sections = [_attributes(each.strip("\n").split("\n")) for each in text.split("\n\n") if each.strip("\n")]
    if not sections:
        raise Unreadable("it is empty")
    files: dict[str, Attributes] = {}
    for section in sections[1:]:
        name = section.get("Name")
        if name is None or name in files:
            raise Unreadable("a section has no name, or one that came before")
        files[name] = section
    return Manifest(main=sections[0], files=files)


def write(manifest: Manifest) -> bytes:
    """The reverse of `read`."""
    sections = [manifest.main, *({"Name": name, **attributes} for name, attributes in manifest.files.items())]
    return b"".join(_line(name, value) for section in sections for name, value in (*section.items(), ("", "")))


def file_digest(attributes: Attributes) -> Digest:
    """The strongest digest of a file's section. Raises Unreadable."""
    return _digest(attributes, _DIGEST)


def manifest_digest(signature_file: Manifest) -> Digest:
    """The strongest digest that a signature file gives of the whole manifest. Raises Unreadable."""
    return _digest(signature_file.main, _DIGEST_OF_MANIFEST)


def digest_attribute(content: bytes, *, of_manifest: bool = False) -> tuple[str, str]:
    """The attribute that `file_digest` or `manifest_digest` reads: name and value."""
    name = "SHA-256" + (_DIGEST_OF_MANIFEST if of_manifest else _DIGEST)
    return name, base64.b64encode(hashlib.sha256(content).digest()).decode("ascii")


def without_digests(attributes: Attributes) -> Attributes:
    """What a section says besides the file's name and digests."""
    return {name: value for name, value in attributes.items() if name != "Name" and not name.endswith(_DIGEST)}


def _digest(attributes: Attributes, suffix: str) -> Digest:
    for name, algorithm in reversed(_ALGORITHMS.items()):
        if name + suffix in attributes:
            try:
                return Digest(algorithm=algorithm, value=base64.b64decode(attributes[name + suffix], validate=True))
            except (ValueError, binascii.Error) as error:
                raise Unreadable("a digest is not base64") from error
    raise Unreadable(f"there is no digest of {', '.join(_ALGORITHMS)}")


def _attributes(lines: list[str]) -> Attributes:
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(": ")
        if not colon or name in found:
            raise Unreadable("a line has no value, or its attribute came before")
        found[name] = value
    return found


def _line(name: str, value: str) -> bytes:
    """One attribute, cut into lines; the empty one ends a section."""
    if not name:
        return b"\r\n"
    rest = f"{name}: {value}".encode()
    cut = []
    while len(rest) > _LINE_BYTES:
        length = _LINE_BYTES
        while rest[length] & 0xC0 == 0x80:  # not within a character
            length -= 1
        cut.append(rest[:length])
        rest = b" " + rest[length:]
    return b"\r\n".join([*cut, rest]) + b"\r\n"
