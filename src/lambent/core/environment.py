"""The life of an execution environment: its phases, and the legal moves between them."""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Where an execution environment is in its life (Developer Guide, lambda-runtime-environment)."""

    BLANK = "blank"
    """A locked-down sandbox with a started runtime client, not yet any function's."""
    INIT = "init"
    READY = "ready"
    INVOKE = "invoke"
    SHUTDOWN = "shutdown"
    """Terminal: the sandbox is being, or has been, destroyed."""


LEGAL_MOVES: frozenset[tuple[Phase, Phase]] = frozenset(
    {
        (Phase.BLANK, Phase.INIT),
        (Phase.INIT, Phase.READY),
        (Phase.READY, Phase.INVOKE),
        (Phase.INVOKE, Phase.READY),
        *((phase, Phase.SHUTDOWN) for phase in Phase if phase is not Phase.SHUTDOWN),
    }
)
"""Every other move is refused."""


class IsolationLevel(StrEnum):
    """How strongly sandboxes are held, strongest first (design, decision 6)."""

    NATIVE = "native"
    """Own namespaces, cgroups, seccomp, no capabilities. Needs root (or delegated cgroups)."""
    BWRAP = "bwrap"
    """Unprivileged user namespaces through bubblewrap; no cgroup guarantee of memory and CPU."""
    PROCESS = "process"
    """A plain process: for trusted code only; must be asked for by name."""


class InitializationType(StrEnum):
    """The AWS_LAMBDA_INITIALIZATION_TYPE variable."""

    ON_DEMAND = "on-demand"
    PROVISIONED_CONCURRENCY = "provisioned-concurrency"
    SNAP_START = "snap-start"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exit:
    """How the runtime process of a sandbox ended."""

    code: int | None = None
    """Exit status 0-255; None when a signal ended it, or it is not known."""
    signal: int | None = None
    out_of_memory: bool = False
    """The kernel killed something in the sandbox for memory."""
