"""Taking in code: a zip from the request or from S3, checked and stored before anything refers to it; or an image, looked up."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from lambent.core.code_signature import SigningProfiles
from lambent.core.code_storage import check_code_storage
from lambent.core.container_images import image_package, image_reference
from lambent.core.errors import InvalidParameterValue, RequestTooLarge
from lambent.core.function import CodePackage, Owner
from lambent.core.limits import UNZIPPED_BYTES, ZIPPED_BYTES
from lambent.core.ports import ImageSource, ObjectSource, PackageStore, SignatureReader, Store

_REQUEST_BYTES = 69_905_067
"""What Lambda names in its message: 50 MiB in base64."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectAddress:
    """Code that lies in S3."""

    bucket: str
    key: str
    version: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeSource:
    """Where a request says its code is. At most one is not None."""

    zip_file: bytes | None = None
    s3_object: ObjectAddress | None = None
    image_uri: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeSources:
    """The doors that code comes in by, when it is not in the request."""

    objects: ObjectSource
    images: ImageSource


@dataclass(frozen=True, kw_only=True, slots=True)
class Signers:
    """How signatures are read, and whose are known."""

    signatures: SignatureReader
    profiles: SigningProfiles


class CodeIntake:
    """Brings code into the PackageStore, and fixes which image an ImageUri means."""

    def __init__(
        self, store: Store, packages: PackageStore, sources: CodeSources, signers: Signers, *, scratch: Path | None = None
    ) -> None:
        """`scratch` is the folder for downloads in progress; None is the system's."""
        self._store = store
        self._packages = packages
        self._sources = sources
        self._signers = signers
        self._scratch = scratch

    async def add(self, source: CodeSource, *, owner: Owner, operation: str) -> CodePackage:
        """Check and store. `operation` is named in the message about size.

        Raises InvalidParameterValue (not a package that Lambda takes), RequestTooLarge, CodeStorageExceeded.
        """
        return await self._within_storage(await self._take(source, owner, operation, keep=True), owner)

    async def examine(self, source: CodeSource, *, owner: Owner, operation: str) -> CodePackage:
        """The same checks and errors; stores nothing."""
        return await self._within_storage(await self._take(source, owner, operation, keep=False), owner)

    async def _within_storage(self, package: CodePackage, owner: Owner) -> CodePackage:
        """What was stored for a refused request is in nobody's use, and is swept."""
        check_code_storage(package, used=(await self._store.usage(owner)).code_bytes)
        return package

    async def _take(self, source: CodeSource, owner: Owner, operation: str, *, keep: bool) -> CodePackage:
        if source.image_uri is not None:
            reference = image_reference(source.image_uri, region=owner.region)
            return image_package(reference, await self._sources.images.resolve(reference))
        if source.zip_file is not None:
            if len(source.zip_file) > ZIPPED_BYTES:
                raise RequestTooLarge(f"Request must be smaller than {_REQUEST_BYTES} bytes for the {operation} operation")
            return await self._pass_on(source.zip_file, keep=keep)
        if source.s3_object is None:
            raise InvalidParameterValue("Please provide a source for function code.")
        return await self._fetch(source.s3_object, keep=keep)

    async def _fetch(self, address: ObjectAddress, *, keep: bool) -> CodePackage:
        with tempfile.TemporaryDirectory(prefix="lambent-code-", dir=self._scratch) as folder:
            file = Path(folder) / "package.zip"
            await self._sources.objects.fetch(
                bucket=address.bucket, key=address.key, version=address.version, into=file, limit=UNZIPPED_BYTES
            )
            return await self._pass_on(file, keep=keep)

    async def _pass_on(self, content: bytes | Path, *, keep: bool) -> CodePackage:
        package = await (self._packages.add_zip(content) if keep else self._packages.examine_zip(content))
        signature = await self._signers.signatures.examine(content)
        if signature is None:
            return package
        return replace(package, signature=replace(signature, profile_version_arn=self._signers.profiles.of(signature)))
