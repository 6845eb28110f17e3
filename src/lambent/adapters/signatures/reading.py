"""Reads the signature of a package: whether every byte is as it was signed, by whom, and how long that holds.

The form is a JAR signature, held more strictly than Java does (docs/adr/0003): one signer, every file covered, no file left out,
names in one spelling, links and permissions only where they are signed too.
"""

import asyncio
import hashlib
import io
import logging
import mmap
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from lambent.core.code_signature import BROKEN, CodeSignature
from lambent.core.signed_manifest import (
    BLOCK_SUFFIXES,
    EXPIRES,
    FOLDER,
    MANIFEST,
    SIGNATURE_SUFFIX,
    SIGNING_JOB,
    UNIX_MODE,
    Attributes,
    Manifest,
    Unreadable,
    file_digest,
    manifest_digest,
    read,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import Certificate

_log = logging.getLogger(__name__)

_CHUNK = 256 * 1024
_TEXT_BYTES_AT_MOST = 64 * 1024 * 1024
"""Of a manifest: 200,000 files with the longest names have less."""
_JOB = re.compile(r"[a-zA-Z0-9-]{1,64}")
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    LookupError,
)
"""What zipfile, and reading numbers and times, raise for bad input. Not OSError: a disk that fails is no fault of the zip."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    """Where the three files of a signature stand in a zip."""

    manifest: zipfile.ZipInfo
    signature_file: zipfile.ZipInfo
    block: zipfile.ZipInfo


class ZipSignatures:
    """Signatures of zips."""

    async def examine(self, content: bytes | Path) -> CodeSignature | None:
        """None for a package that is not signed. Never raises for what is in the zip: see `CodeSignature.intact`."""
        return await asyncio.to_thread(_examine, content)


def signature_files(names: Sequence[str]) -> list[str]:
    """Those of a zip's names that are signature files: a zip that has none is not signed."""
    return [each for each in names if each.startswith(FOLDER) and each.endswith(SIGNATURE_SUFFIX) and each.count("/") == 1]


def _examine(content: bytes | Path) -> CodeSignature | None:
    if not _may_be_signed(content):
        return None
    try:
        with _file(content) as file, zipfile.ZipFile(file) as archive:
            signed = bool(signature_files(archive.namelist()))
            return _verified(archive) if signed else None
    except (Unreadable, *_DAMAGED) as error:
        _log.info("code_signature_broken", extra={"error": str(error)})
        return BROKEN


def _may_be_signed(content: bytes | Path) -> bool:
    """Most packages are not: to look for a name in the bytes is cheaper than to read the table of contents."""
    if isinstance(content, bytes):
        return SIGNATURE_SUFFIX.encode() in content and FOLDER.encode() in content
    with content.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        return view.find(SIGNATURE_SUFFIX.encode()) >= 0 and view.find(FOLDER.encode()) >= 0


@contextmanager
def _file(content: bytes | Path) -> "Iterator[IO[bytes]]":
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        yield file


def _verified(archive: zipfile.ZipFile) -> CodeSignature:
    """Raises Unreadable, or one of _DAMAGED, for what is not intact."""
    from lambent.adapters.signatures.cms import NotVerified, verified_signer  # noqa: PLC0415 - slow, and mostly not needed

    parts = _parts(archive.infolist())
    text = _content(archive, parts.signature_file)
    try:
        certificate = verified_signer(_content(archive, parts.block), text)
    except NotVerified as error:
        raise Unreadable(str(error)) from error
    signature_file, manifest = read(text), _content(archive, parts.manifest)
    if not manifest_digest(signature_file).of(manifest):
        raise Unreadable("the manifest was changed")
    _check_files(archive, read(manifest), parts)
    return _signature(certificate, signature_file.main)


def _parts(infos: Sequence[zipfile.ZipInfo]) -> _Parts:
    by_name = {each.orig_filename: each for each in infos}
    if len(by_name) != len(infos):
        raise Unreadable("a name is there twice")
    names = signature_files(list(by_name))
    stem = names[0].removesuffix(SIGNATURE_SUFFIX)
    blocks = [by_name[stem + suffix] for suffix in BLOCK_SUFFIXES if stem + suffix in by_name]
    if len(names) != 1 or len(blocks) != 1 or MANIFEST not in by_name:
        raise Unreadable("it has not one manifest, one signature file and one signature")
    return _Parts(manifest=by_name[MANIFEST], signature_file=by_name[names[0]], block=blocks[0])


def _check_files(archive: zipfile.ZipFile, manifest: Manifest, parts: _Parts) -> None:
    """Each file is what the manifest says, and each that the manifest names is there."""
    own = {parts.manifest.orig_filename, parts.signature_file.orig_filename, parts.block.orig_filename}
    files = [each for each in archive.infolist() if each.orig_filename not in own and not _is_folder(each)]
    if {each.orig_filename for each in files} != manifest.files.keys():
        raise Unreadable("files were added or taken away")
    for each in files:
        _check_file(archive, each, manifest.files[each.orig_filename])


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.orig_filename.endswith("/") or stat.S_ISDIR(info.external_attr >> 16)


def _check_file(archive: zipfile.ZipFile, info: zipfile.ZipInfo, attributes: Attributes) -> None:
    mode = info.external_attr >> 16
    if any(part in ("", ".", "..") for part in info.orig_filename.split("/")):
        raise Unreadable("a name is not in its plain form")
    if UNIX_MODE in attributes and int(attributes[UNIX_MODE], 8) != mode:
        raise Unreadable("permissions were changed")
    if UNIX_MODE not in attributes and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise Unreadable("a link is there whose being one was not signed")
    wanted = file_digest(attributes)
    digest = hashlib.new(wanted.algorithm)
    with archive.open(info) as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    if digest.digest() != wanted.value:
        raise Unreadable("a file was changed")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > _TEXT_BYTES_AT_MOST:
        raise Unreadable("a file of the signature is too large")
    return archive.read(info)


def _signature(certificate: "Certificate", attributes: Attributes) -> CodeSignature:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - as above

    job = attributes.get(SIGNING_JOB, "")
    ends = [certificate.not_valid_after_utc.timestamp()]
    if EXPIRES in attributes:
        ends.append(_timestamp(attributes[EXPIRES]))
    return CodeSignature(
        intact=True,
        certificate=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        valid_from=certificate.not_valid_before_utc.timestamp(),
        valid_until=min(ends),
        job=job if _JOB.fullmatch(job) else None,
    )


def _timestamp(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise Unreadable("the signature's end has no time zone")
    return moment.timestamp()
