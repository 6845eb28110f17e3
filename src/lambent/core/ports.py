"""Every door out of the domain, on one page. Adapters implement these; `testing/` has a verified fake of each.

Who implements what:
    Clock, Chance                  adapters/system.py
    Store, EventQueue              adapters/sql/           testing/store.py
    PackageStore                   adapters/packages.py
    ObjectSource                   adapters/object_source.py (S3)
    ImageSource                    adapters/image_source.py (an image registry)
    SignatureReader                adapters/signatures/    (needs nothing but the bytes: no fake)
    RuntimeCatalog                 adapters/runtimes       testing/runtimes.py
    SandboxProvider, Sandbox       adapters/sandbox/       testing/sandbox.py
    LogStore, LogStream            adapters/logs.py        testing/logs.py
Each port has one contract suite in tests/contract, run over the fake and every adapter.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lambent.core.alias import Alias
from lambent.core.async_event import AsyncEvent
from lambent.core.code_signature import CodeSignature
from lambent.core.code_signing_config import CodeSigningConfig, CodeSigningKey
from lambent.core.container_images import ImageReference
from lambent.core.environment import Exit, IsolationLevel
from lambent.core.event_invoke_config import EventInvokeConfig
from lambent.core.event_source_mapping import EventSourceMapping, MappingKey, MappingSelection
from lambent.core.function import CodePackage, Function, FunctionKey, FunctionVersion, Owner
from lambent.core.function_url import FunctionUrl
from lambent.core.layer import LayerKey, LayerVersion
from lambent.core.log_group import LogGroup, LogStreamFacts
from lambent.core.provisioned_concurrency import ProvisionedConcurrencyConfig
from lambent.core.resource_policy import PolicyTarget, ResourcePolicy
from lambent.core.runtime import RuntimeInstallation

# ---------------------------------------------------------------- system


class Clock(Protocol):
    """Time as a parameter."""

    def now(self) -> float:
        """Epoch seconds."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""


class Chance(Protocol):
    """Randomness as a parameter."""

    def uuid(self) -> str:
        """A new random UUID, lower case with dashes."""

    def roll(self) -> float:
        """Uniform in [0, 1)."""

    def token(self, length: int) -> str:
        """`length` random lower-case hex characters."""


# ---------------------------------------------------------------- store


class StaleWrite(Exception):
    """A compare-and-swap lost: the stored revision is not the expected one. Load again and decide again."""


class AlreadyStored(Exception):
    """An insert met an existing key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountUsage:
    """What one account uses in one region."""

    code_bytes: int
    """Unzipped bytes of every stored version and layer version, each package counted per version that uses it."""
    functions: int
    reserved_concurrency: int
    """The sum over all functions."""
    provisioned_concurrency: int = 0
    """The sum over all functions that reserve nothing."""

    @property
    def committed_concurrency(self) -> int:
        """What is taken off the account's limit, whether it is used or not (facts F2, F3)."""
        return self.reserved_concurrency + self.provisioned_concurrency


class Store(Protocol):
    """Where the control plane's truth lives. Durable when a write returns; a crash leaves each write whole or absent.

    Every method may be called from the event loop. Writes of one process are serialised and grouped into commits.
    Lists are ordered by name (versions and layer versions by number, ascending) and return at most `limit` items that
    come after `after` (exclusive; None starts). Reads see every write that has returned.
    """

    async def function(self, key: FunctionKey) -> Function | None: ...

    async def functions(self, owner: Owner, *, after: str | None, limit: int) -> Sequence[Function]: ...

    async def owners(self) -> Sequence[Owner]:
        """Every owner of a function, by account and Region."""

    async def unsettled(self) -> Sequence[FunctionKey]:
        """Functions of any owner with a version that is Pending or InProgress: work to take up again after a restart."""

    async def add_function(self, function: Function) -> Function:
        """Insert. Returns it with `next_version` as remembered from an earlier function of this name. Raises AlreadyStored."""

    async def replace_function(self, function: Function, *, expected_revision: str) -> None:
        """Compare `latest.revision_id` and swap. Raises StaleWrite (also when the function is gone)."""

    async def publish_version(self, version: FunctionVersion, *, function: Function, expected_revision: str) -> None:
        """In one transaction: insert `version` and replace `function`, as in replace_function."""

    async def replace_version(self, version: FunctionVersion, *, expected_revision: str) -> None:
        """Compare and swap a published version. Raises StaleWrite."""

    async def version(self, key: FunctionKey, number: str) -> FunctionVersion | None:
        """A published version; never `$LATEST`."""

    async def versions(self, key: FunctionKey, *, after: int | None, limit: int) -> Sequence[FunctionVersion]: ...

    async def all_versions(self, owner: Owner, *, after: tuple[str, str] | None, limit: int) -> Sequence[FunctionVersion]:
        """`$LATEST` and published versions of every function, by (name, then `$LATEST` first, then number)."""

    async def delete_version(self, key: FunctionKey, number: str) -> bool:
        """False when there was none. Raises StaleWrite when an alias refers to it."""

    async def delete_function(self, key: FunctionKey) -> bool:
        """The function, its versions and aliases, in one transaction; its `next_version` stays remembered."""

    async def add_alias(self, alias: Alias) -> None:
        """Raises AlreadyStored; StaleWrite when the function, or a version that the alias refers to, is gone."""

    async def replace_alias(self, alias: Alias, *, expected_revision: str) -> None:
        """Raises StaleWrite, as add_alias does too."""

    async def alias(self, key: FunctionKey, name: str) -> Alias | None: ...

    async def aliases(self, key: FunctionKey, *, version: str | None, after: str | None, limit: int) -> Sequence[Alias]:
        """`version` keeps only aliases that refer to it (as primary or additional version)."""

    async def delete_alias(self, key: FunctionKey, name: str) -> bool: ...

    async def add_layer_version(self, layer: LayerVersion) -> LayerVersion:
        """Insert under the next number of its layer (the given number is ignored); returns it as stored."""

    async def layer_version(self, key: LayerKey, version: int) -> LayerVersion | None: ...

    async def layer_versions(self, key: LayerKey, *, before: int | None, limit: int) -> Sequence[LayerVersion]:
        """Newest first, below `before` (exclusive)."""

    async def layers(self, owner: Owner, *, after: str | None, limit: int) -> Sequence[LayerVersion]:
        """The newest version of each layer, by layer name."""

    async def delete_layer_version(self, key: LayerKey, version: int) -> bool: ...

    async def event_invoke_config(self, key: FunctionKey, qualifier: str) -> EventInvokeConfig | None:
        """Of exactly this qualifier (`$LATEST`, a number or an alias)."""

    async def event_invoke_configs(self, key: FunctionKey, *, after: str | None, limit: int) -> Sequence[EventInvokeConfig]:
        """By qualifier."""

    async def put_event_invoke_config(self, config: EventInvokeConfig) -> None:
        """Insert or replace. Raises StaleWrite when the function, version or alias is gone; it goes away with that."""

    async def delete_event_invoke_config(self, key: FunctionKey, qualifier: str) -> bool: ...

    async def function_url(self, key: FunctionKey, qualifier: str) -> FunctionUrl | None:
        """Of the function itself (empty) or of an alias."""

    async def function_urls(self, key: FunctionKey, *, after: str | None, limit: int) -> Sequence[FunctionUrl]:
        """By qualifier; `after` may be the empty one."""

    async def put_function_url(self, url: FunctionUrl) -> None:
        """Insert or replace. Raises StaleWrite when the function or alias is gone; it goes away with that."""

    async def delete_function_url(self, key: FunctionKey, qualifier: str) -> bool: ...

    async def provisioned_concurrency(self, key: FunctionKey) -> Sequence[ProvisionedConcurrencyConfig]:
        """All of a function's, by qualifier."""

    async def put_provisioned_concurrency(self, config: ProvisionedConcurrencyConfig) -> None:
        """Insert or replace. Raises StaleWrite when the function, version or alias is gone; it goes away with that."""

    async def delete_provisioned_concurrency(self, key: FunctionKey, qualifier: str) -> bool: ...

    async def provisioned_functions(self) -> Sequence[FunctionKey]:
        """Every function of any owner that has provisioned concurrency."""

    async def policy(self, target: PolicyTarget) -> ResourcePolicy | None: ...

    async def put_policy(self, policy: ResourcePolicy, *, expected_revision: str | None) -> None:
        """Compare the policy's revision (None: there is no policy yet) and swap. Raises StaleWrite, also when the function,
        qualifier or layer version is gone; the policy goes away with that."""

    async def delete_policy(self, target: PolicyTarget, *, expected_revision: str) -> None:
        """Raises StaleWrite."""

    async def add_event_source_mapping(self, mapping: EventSourceMapping) -> None:
        """Raises AlreadyStored when the owner has a mapping of this UUID or identity. The function need not exist."""

    async def replace_event_source_mapping(self, mapping: EventSourceMapping, *, expected_revision: str) -> None:
        """Compare and swap. Raises StaleWrite, also when it is gone; AlreadyStored when another one has its identity."""

    async def delete_event_source_mapping(self, key: MappingKey, *, expected_revision: str) -> None:
        """Compare and delete. Raises StaleWrite. Nothing else deletes a mapping: it outlives its function."""

    async def event_source_mapping(self, key: MappingKey) -> EventSourceMapping | None: ...

    async def event_source_mapping_like(self, mapping: EventSourceMapping) -> EventSourceMapping | None:
        """The mapping of the same owner that has this one's identity."""

    async def event_source_mappings(
        self, owner: Owner, selection: MappingSelection, *, after: str | None, limit: int
    ) -> Sequence[EventSourceMapping]:
        """By UUID."""

    async def unsettled_event_source_mappings(self) -> Sequence[EventSourceMapping]:
        """Those of any owner in a transient state: work to take up again after a restart."""

    def subscribe_to_mappings(self, on_change: Callable[[MappingKey], None]) -> None:
        """Call `on_change` after every committed write of an event source mapping."""

    async def add_code_signing_config(self, config: CodeSigningConfig) -> None:
        """Raises AlreadyStored."""

    async def code_signing_config(self, key: CodeSigningKey) -> CodeSigningConfig | None: ...

    async def code_signing_configs(self, owner: Owner, *, after: str | None, limit: int) -> Sequence[CodeSigningConfig]:
        """By identifier."""

    async def replace_code_signing_config(self, config: CodeSigningConfig, *, expected: CodeSigningConfig) -> None:
        """Compare the whole stored config and swap. Raises StaleWrite."""

    async def delete_code_signing_config(self, key: CodeSigningKey) -> bool:
        """Raises StaleWrite while a function has it. A function that has one is itself never stored without it: add_function
        and replace_function raise StaleWrite then."""

    async def functions_of_code_signing_config(
        self, key: CodeSigningKey, *, after: str | None, limit: int
    ) -> Sequence[FunctionKey]:
        """Functions that have it, by name."""

    async def usage(self, owner: Owner) -> AccountUsage: ...

    async def packages_in_use(self) -> frozenset[str]:
        """Digests of every package that a stored version or layer version names (for sweeping the PackageStore)."""

    def subscribe(self, on_change: Callable[[FunctionKey], None]) -> None:
        """Call `on_change` after every committed write that touches this function, its versions or aliases, or a policy,
        event invoke config or provisioned concurrency of any of them."""


class EventQueue(Protocol):
    """Asynchronous events. At least once: an event is returned by `lease` until it is acknowledged."""

    async def put(self, event: AsyncEvent) -> None:
        """Durable when it returns."""

    async def lease(self, *, now: float, until: float, limit: int) -> Sequence[AsyncEvent]:
        """Events due at `now` and not leased, oldest first; each is hidden until `until` (epoch seconds)."""

    async def acknowledge(self, event_id: str) -> None:
        """Forget the event. Unknown ids are ignored."""

    async def retry(self, event: AsyncEvent) -> None:
        """Store its new attempt count and due time and end its lease, in one transaction."""

    async def next_due(self) -> float | None:
        """Epoch seconds when the earliest event is due or its lease ends; None when empty."""


# ---------------------------------------------------------------- code


class PackageStore(Protocol):
    """Zips on disk, named by their SHA-256, each unpacked once. Half-written packages are never visible."""

    async def add_zip(self, content: bytes | Path) -> CodePackage:
        """Check, store durably and return. Idempotent.

        Raises InvalidParameterValue with Lambda's words for: not a zip, encrypted, a path that is absolute, leaves the
        root or is reached through a link, more than 250 MiB unzipped (also when the zip lies about it), special files.
        """

    async def examine_zip(self, content: bytes | Path) -> CodePackage:
        """The same checks and result without storing anything (DryRun)."""

    async def unpacked(self, digest: str) -> Path:
        """The folder with the package's files, unpacked at the first call; never changes afterwards. World-readable,
        root-owned where we are root. Raises KeyError for an unknown package."""

    async def merged(self, digests: Sequence[str]) -> Path | None:
        """One folder with the layers unzipped over each other in this order, later over earlier; None for no layers."""

    async def external_extensions(self, layers: Path) -> Sequence[str]:
        """The names of what lies in `extensions/` of a folder that `merged` returned, folders left out, by name; the folder is
        read at most once."""

    async def read_zip(self, digest: str) -> AsyncIterator[bytes]:
        """The zip as uploaded, in chunks. Raises KeyError."""

    async def sweep(self, in_use: frozenset[str]) -> int:
        """Remove packages not in use and leftovers of a crash; returns how many."""


class ObjectSource(Protocol):
    """Where code that is given by S3Bucket and S3Key comes from."""

    async def fetch(self, *, bucket: str, key: str, version: str | None, into: Path, limit: int) -> None:
        """Download. Raises InvalidParameterValue in Lambda's words when it cannot be had, or is over `limit` bytes, or
        when no S3 endpoint is configured (naming the setting)."""


class ImageSource(Protocol):
    """Where container images that are given by ImageUri lie."""

    async def resolve(self, image: ImageReference) -> str:
        """The digest (`sha256:...`) that the reference means now; one that has a digest already is looked up too.

        Raises InvalidParameterValue in Lambda's words when there is no such image, or it is not one image but an index of
        several; and when it cannot be looked up because no registry is configured (naming the setting).
        """


class SignatureReader(Protocol):
    """What a package's signature says (docs/adr/0003)."""

    async def examine(self, content: bytes | Path) -> CodeSignature | None:
        """Of a zip that a PackageStore has accepted; None when it is not signed. Whom to trust is decided elsewhere, so
        `profile_version_arn` is None. Never raises for what is in the zip: a signature that cannot be verified is not intact."""


# ---------------------------------------------------------------- running


class RuntimeCatalog(Protocol):
    """The interpreters of this host, found once at start."""

    def find(self, identifier: str) -> RuntimeInstallation | None:
        """The exact runtime, or None."""

    def installations(self) -> Sequence[RuntimeInstallation]:
        """All that were found, by identifier."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TemporaryStorage:
    """A /tmp that outlives a sandbox: a reset gives it to the next one. Opaque but to the provider that made it."""

    identifier: str
    size_mib: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """What turns a blank sandbox into one function version's own."""

    task_directory: Path
    """Unpacked code, shown read-only at /var/task."""
    layers_directory: Path | None
    """Merged layers, shown read-only at /opt."""
    memory_mib: int
    """Also decides the CPU share: 1,769 MiB is one vCPU."""
    temporary_storage: TemporaryStorage
    network: bool
    """Whether the outside network is reachable. The function's own Runtime API and AWS endpoint always are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxPaths:
    """Where the function finds its things; differs from Lambda's own paths at level `process` only."""

    task: str = "/var/task"
    layers: str = "/opt"
    runtime: str = "/var/runtime"
    temporary: str = "/tmp"  # noqa: S108 - the path inside the sandbox
    language: str = "/var/lang"


@dataclass(kw_only=True, slots=True)
class ExtensionProcess:
    """One external extension that runs."""

    output: int
    """Read end of its stdout and stderr; closed with the sandbox (then -1)."""
    exited: "asyncio.Future[Exit]"


class NotExecutable(OSError):
    """The kernel refuses to execute a file of the function's layers: the function's own fault. `errno` says why."""


class Supervisor(Protocol):
    """The first process of a sandbox: it starts what runs beside the runtime, within the same walls, and then outlives it.

    To be used in a sandbox that is assigned and not frozen.
    """

    async def start_extension(self, path: str, variables: Mapping[str, str]) -> ExtensionProcess:
        """Execute the file at `path` (inside) with exactly these variables, in the folder /. Each path once.

        Raises NotExecutable, and SandboxFault when the sandbox is gone or does not answer.
        """

    async def tcp_socket(self) -> socket.socket:
        """A new TCP socket of the sandbox's own network, neither bound nor connected, non-blocking, the caller's: what it is
        connected to from outside is inside. Raises SandboxFault."""

    def signal_runtime(self, number: int) -> bool:
        """Send a signal to the runtime process. False when there is nobody to tell."""

    def kill_extension(self, path: str) -> bool:
        """SIGKILL. False when there is nobody to tell."""


class Sandbox(Protocol):
    """One sandbox: at first blank (its runtime client started and waiting), then one function version's, then destroyed.

    The attributes are fixed at creation. All file descriptors are non-blocking, belong to the sandbox and are closed by
    `destroy`. Code inside is hostile: it may close, fill or write anything into its ends at any time.
    """

    identifier: str
    runtime: RuntimeInstallation
    channel: socket.socket
    """Unix stream socket to the runtime client: the frame protocol (docs/frame-protocol.md)."""
    output: int
    """Read end of the function's stdout and stderr."""
    telemetry: int
    """Read end of the framed log pipe (_LAMBDA_TELEMETRY_LOG_FD, facts E1)."""
    telemetry_inside: int
    """The number of that pipe's write end inside the sandbox."""
    runtime_api: socket.socket
    """Listening TCP socket inside the sandbox's own network namespace: the HTTP Runtime API."""
    endpoint: socket.socket | None
    """Listening TCP socket inside the sandbox, through which the function reaches Lambent's AWS endpoint; None at level `process`
    (there the function uses the platform's own address)."""
    paths: SandboxPaths
    exited: "asyncio.Future[Exit]"
    """Done when the runtime process has ended, for whatever reason."""

    @property
    def supervisor(self) -> Supervisor: ...

    @property
    def runtime_api_address(self) -> str:
        """`host:port` for AWS_LAMBDA_RUNTIME_API."""

    @property
    def endpoint_address(self) -> str | None:
        """`host:port` of `endpoint` as seen inside."""

    async def assign(self, workload: Workload) -> None:
        """Mount the code, set the limits, open or close the network. Once only. Raises SandboxFault."""

    def end_burst(self) -> None:
        """Init is over: from now on CPU is held to the share that memory gives (facts E2). No-op where CPU is not held."""

    def freeze(self) -> None:
        """Stop all processes inside, at once, without waiting. No-op when frozen, gone, or not supported by the level."""

    def thaw(self) -> None:
        """The reverse. Must be called before anything is sent."""

    def memory_peak_mib(self) -> int:
        """The most memory that the sandbox used since it was assigned, MiB rounded up; best effort at weaker levels."""

    def was_out_of_memory(self) -> bool:
        """Whether the kernel killed something inside for memory."""

    async def destroy(self) -> None:
        """Kill every process inside, free every resource but the temporary storage. Idempotent, never raises."""


class SandboxFault(Exception):
    """The platform could not make or prepare a sandbox. Not the function's fault; the message says what failed."""


class SandboxProvider(Protocol):
    """Makes sandboxes of one isolation level, and owns everything that outlives a single one."""

    level: IsolationLevel

    def running(self) -> AbstractAsyncContextManager[None]:
        """Entered before first use; leaving it frees everything, as does the death of the server, also by kill -9."""

    async def create(self, runtime: RuntimeInstallation) -> Sandbox:
        """A blank sandbox whose runtime client has been started (it may not have said hello yet). Raises SandboxFault."""

    async def temporary_storage(self, size_mib: int) -> TemporaryStorage:
        """A new, empty /tmp of this size."""

    async def release(self, storage: TemporaryStorage) -> None:
        """Free a /tmp whose last sandbox is destroyed. Idempotent, never raises."""


# ---------------------------------------------------------------- logs


@dataclass(frozen=True, kw_only=True, slots=True)
class LogEvent:
    """One log event as CloudWatch Logs shows it."""

    stream: str
    timestamp: int
    """Epoch milliseconds."""
    ingestion: int
    """Epoch milliseconds."""
    message: str
    position: int
    """Orders the events of one stream; an opaque, growing number."""


class LogStream(Protocol):
    """One open log stream (one execution environment). Writing never blocks and never raises."""

    def write(self, timestamp: float, message: bytes) -> None:
        """Append one event (epoch seconds; a trailing newline is dropped). Invalid UTF-8 is replaced when read.
        When the disk cannot keep up, the oldest unwritten events are dropped and one event says how many."""

    def close(self) -> None:
        """Flush and free. Idempotent."""


class LogStore(Protocol):
    """Function logs: data, not diagnostics. Kept on disk by owner, group and stream; they survive restarts."""

    def open_stream(self, owner: Owner, group: str, stream: str) -> LogStream:
        """Group and stream are made when the first event is written, also after they have been deleted."""

    async def groups(self, owner: Owner, *, prefix: str, after: str | None, limit: int) -> Sequence[LogGroup]: ...

    async def group(self, owner: Owner, name: str) -> LogGroup | None: ...

    async def add_group(self, owner: Owner, group: LogGroup) -> None:
        """Raises AlreadyStored."""

    async def replace_group(self, owner: Owner, group: LogGroup) -> None:
        """New settings for the group of this name; its time of creation stays. Raises KeyError."""

    async def delete_group(self, owner: Owner, name: str) -> bool:
        """With all its streams. False when there was none."""

    async def add_stream(self, owner: Owner, group: str, stream: str) -> None:
        """An empty stream. Raises KeyError for an unknown group, AlreadyStored."""

    async def delete_stream(self, owner: Owner, group: str, stream: str) -> bool:
        """Raises KeyError for an unknown group."""

    async def put(self, owner: Owner, group: str, stream: str, events: Sequence[tuple[int, bytes]]) -> None:
        """Append events (epoch ms, message) to a stream that exists. Raises KeyError naming what does not: group or stream."""

    async def streams(self, owner: Owner, group: str, *, prefix: str) -> Sequence[LogStreamFacts]:
        """By name. Raises KeyError for an unknown group."""

    async def events(  # noqa: PLR0913 - what is asked for, where it goes on, and how much of it
        self, owner: Owner, group: str, *, streams: Sequence[str] | None, start: int, end: int, after: str | None, limit: int
    ) -> tuple[Sequence[LogEvent], str | None]:
        """Events with start <= timestamp < end (epoch ms) of these streams (None: all), merged by time; `after` is the token
        returned by the call before. The token is None at the end. Sees every event written before the call, and none that is
        older than the group's retention. Raises KeyError."""
