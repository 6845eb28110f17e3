"""A function, its versions and what they are made of. Immutable values; edits by `dataclasses.replace`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lambent.core.code_signature import CodeSignature

LATEST = "$LATEST"


class State(StrEnum):
    """The state of a function version (shape State)."""

    PENDING = "Pending"
    ACTIVE = "Active"
    INACTIVE = "Inactive"
    FAILED = "Failed"


class UpdateStatus(StrEnum):
    """How the last update of a function ended (shape LastUpdateStatus)."""

    SUCCESSFUL = "Successful"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"


class RuntimeUpdate(StrEnum):
    """When a function version moves to a newer version of its runtime (shape UpdateRuntimeOn)."""

    AUTO = "Auto"
    FUNCTION_UPDATE = "FunctionUpdate"
    MANUAL = "Manual"


class RecursiveLoop(StrEnum):
    """What is to happen to a function that calls itself in a loop (shape RecursiveLoop)."""

    TERMINATE = "Terminate"
    ALLOW = "Allow"


class PackageType(StrEnum):
    """How the code is packed."""

    ZIP = "Zip"
    IMAGE = "Image"


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Whose resources: every key in the Store starts with these two."""

    account: str
    """12 digits."""
    region: str
    """Such as `us-east-1`."""

    def arn(self, resource: str) -> str:
        """The ARN of a lambda resource, such as `function:hello` or `layer:numpy:3`."""
        return f"arn:aws:lambda:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionKey:
    """Names one function."""

    owner: Owner
    name: str

    @property
    def arn(self) -> str:
        """The unqualified ARN."""
        return self.owner.arn(f"function:{self.name}")

    def qualified_arn(self, qualifier: str) -> str:
        """The ARN with a version or an alias."""
        return f"{self.arn}:{qualifier}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerImage:
    """Where the code of an Image function lies: in a registry, not in the PackageStore."""

    uri: str
    """ImageUri as given, with a tag or a digest."""
    resolved_uri: str
    """The same image by its digest, fixed when the code was set: tags that move later change nothing (facts G3)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CodePackage:
    """One uploaded zip, or one container image, named by its content."""

    digest: str
    """SHA-256, lower-case hex: of the zip as uploaded, and then the package's name in the PackageStore; or of the image's
    manifest."""
    sha256: str
    """CodeSha256 on the wire: the zip's in base64, the image's in hex (facts A6)."""
    size: int
    """Bytes, zipped: CodeSize on the wire. 0 for images, as Lambda shows it."""
    unpacked_size: int
    """Bytes, unzipped. 0 for images: they do not count as code storage."""
    image: ContainerImage | None = None
    """Set for images, and for nothing else."""
    signature: CodeSignature | None = None
    """None for an unsigned package, and for images."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerReference:
    """One layer version as a function uses it. A copy of its facts, so that a deleted layer version still serves."""

    arn: str
    package: CodePackage


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionConfiguration:
    """All that a version runs with and that PublishVersion freezes, but the code."""

    role: str
    runtime: str | None = None
    """A runtime identifier such as `python3.12`; None for images."""
    handler: str | None = None
    package_type: PackageType = PackageType.ZIP
    description: str = ""
    timeout: int = 3
    """Seconds."""
    memory_size: int = 128
    """MiB."""
    ephemeral_storage: int = 512
    """MiB of /tmp."""
    environment: Mapping[str, str] | None = None
    """The user's variables; None when there are none (the member is then absent on the wire)."""
    layers: tuple[LayerReference, ...] = ()
    architectures: tuple[str, ...] = ("x86_64",)
    log_format: str = "Text"
    log_group: str = ""
    """Never empty once stored: default `/aws/lambda/NAME`."""
    application_log_level: str | None = None
    system_log_level: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    """Wire members (PascalCase) that are stored, versioned and echoed, and that the platform does not act on yet:
    VpcConfig, DeadLetterConfig, TracingConfig, KMSKeyArn, FileSystemConfigs, SnapStart, ImageConfig ..."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionVersion:
    """`$LATEST` or a published version: code plus configuration plus state."""

    key: FunctionKey
    version: str
    """`$LATEST` or a decimal number from 1."""
    configuration: FunctionConfiguration
    code: CodePackage
    revision_id: str
    last_modified: float
    """Epoch seconds."""
    state: State = State.PENDING
    state_reason: str | None = None
    state_reason_code: str | None = None
    last_update_status: UpdateStatus = UpdateStatus.SUCCESSFUL
    last_update_status_reason: str | None = None
    last_update_status_reason_code: str | None = None
    published_description: str | None = None
    """The description that PublishVersion was given for this version; None: the configuration's own. Kept apart, so that the
    configuration stays equal to that of the `$LATEST` it was published from (dedupe, facts A6)."""
    update_runtime_on: RuntimeUpdate = RuntimeUpdate.AUTO
    runtime_version_arn: str | None = None
    """The runtime version that UpdateRuntimeOn=Manual asks for. Stored and shown: the interpreter is always this host's."""

    @property
    def description(self) -> str:
        """What the wire shows as Description."""
        return self.configuration.description if self.published_description is None else self.published_description

    @property
    def qualified_arn(self) -> str:
        """The ARN with the version."""
        return self.key.qualified_arn(self.version)


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """The function as a whole: its mutable `$LATEST`, and what holds for all of its versions."""

    latest: FunctionVersion
    """What the control plane shows and edits."""
    serving: FunctionVersion | None = None
    """The `$LATEST` that invokes run: it stays the old one while an update is in progress or failed; None before the first
    Active."""
    next_version: int = 1
    """The number that the next published version gets; never reused, also not after delete and create."""
    reserved_concurrency: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    recursive_loop: RecursiveLoop = RecursiveLoop.TERMINATE
    """Stored and shown: loops are not looked for."""
    code_signing_config: str | None = None
    """The identifier (`csc-...`) of the code signing configuration, which is of the same owner."""

    @property
    def key(self) -> FunctionKey:
        """The function's name and owner."""
        return self.latest.key
