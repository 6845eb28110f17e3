"""The environments of one version, idle and busy: who is used next, who may go, and which are kept by provisioned concurrency."""

from lambent.core.function import FunctionVersion
from lambent.invoke.environment import Environment

LaneKey = tuple[str, str, str, str, str, str | None]
"""Account, region, function, version, revision, tenant."""


def lane_key(version: FunctionVersion, tenant_id: str | None) -> LaneKey:
    """Which lane serves this version (and this tenant: they never share, facts I4)."""
    key = version.key
    owner = key.owner
    return (owner.account, owner.region, key.name, version.version, version.revision_id, tenant_id)


class Lane:
    """The environments of one revision of one version (and one tenant)."""

    __slots__ = ("busy", "idle", "key", "leaving", "provisioned", "retired", "version")

    def __init__(self, key: LaneKey, version: FunctionVersion) -> None:
        self.key = key
        self.version = version
        self.idle: list[tuple[float, Environment]] = []
        """(idle since, loop time), the longest idle first; above those on demand the provisioned ones, which are used first."""
        self.busy = 0
        self.retired = False
        """Nothing is kept any more: what comes back is destroyed."""
        self.provisioned: set[Environment] | None = None
        """Idle and busy; None as long as the lane never had any."""
        self.leaving: set[Environment] = set()
        """Were provisioned, are busy, and end when they come back."""

    def adopt(self, now: float, environment: Environment) -> None:
        """Take an initialised environment as a provisioned one."""
        if self.provisioned is None:
            self.provisioned = set()
        self.provisioned.add(environment)
        self.idle.append((now, environment))

    def may_stay(self, environment: Environment) -> bool:
        """Whether an environment that comes back is kept: not a provisioned one that crashed, nor one that was to leave."""
        if environment in self.leaving:
            self.leaving.discard(environment)
            return False
        return not self.provisioned or environment not in self.provisioned or environment.ready

    def keep(self, now: float, environment: Environment) -> None:
        """Put what came back among the idle."""
        provisioned = self.provisioned or ()
        place = len(self.idle) if environment in provisioned else sum(each not in provisioned for _, each in self.idle)
        self.idle.insert(place, (now, environment))

    @property
    def spare_since(self) -> float | None:
        """Since when (loop time) the first of the idle is idle; None when there is none that may be taken away."""
        if not self.idle or (self.provisioned and self.idle[0][1] in self.provisioned):
            return None
        return self.idle[0][0]

    def release(self, count: int) -> list[Environment]:
        """Let so many provisioned environments go: returns the idle ones, to be destroyed; busy ones end when they come back."""
        provisioned = self.provisioned or set()
        idle = [each for _, each in self.idle if each in provisioned][:count]
        busy = [each for each in provisioned if each not in {each for _, each in self.idle}][: count - len(idle)]
        self.idle = [entry for entry in self.idle if entry[1] not in idle]
        self.leaving.update(busy)
        provisioned.difference_update(idle, busy)
        return idle

    def take_dead(self) -> list[Environment]:
        """The idle provisioned environments whose runtime has ended, no longer among the idle: to be destroyed."""
        dead = [each for _, each in self.idle if self.provisioned and each in self.provisioned and not each.ready]
        self.idle = [entry for entry in self.idle if entry[1] not in dead]
        return dead
