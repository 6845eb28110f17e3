"""Which version serves a reference: aliases and versions of the Store, kept in memory until the Store says they changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lambent.core.alias import Alias
from lambent.core.errors import OperationNotImplemented, ResourceConflict, ResourceNotFound, ResourceNotReady
from lambent.core.function import LATEST, Function, FunctionKey, FunctionVersion, State
from lambent.core.names import FunctionReference, is_version_number
from lambent.core.ports import Store
from lambent.core.tenancy import is_isolated
from lambent.invoke.admission import Admission, FunctionGate


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Where the invocations of one reference go."""

    gate: FunctionGate
    alias: Alias | None
    """Set when a roll decides between versions."""
    versions: Mapping[str, FunctionVersion]
    """The one version that serves, or the versions that a weighted alias names."""
    version: FunctionVersion
    """The only, or the primary, version."""
    isolated: bool = False
    """Whether each invocation is one tenant's (facts I4)."""

    def choose(self, roll: Callable[[], float]) -> FunctionVersion:
        """The version for one invocation; `roll` is uniform in [0, 1)."""
        return self.version if self.alias is None else self.versions[self.alias.choose(roll())]


class Resolver:
    """Reads never touch the Store once a reference has been seen. `invalidate` before a write's reply, and it is never stale."""

    def __init__(self, store: Store, admission: Admission) -> None:
        self._store = store
        self._admission = admission
        self._routes: dict[tuple[str, str, str], dict[str | None, Route]] = {}
        self._generation = 0

    def cached(self, reference: FunctionReference) -> Route | None:
        """The route, if it is in memory."""
        key = reference.key
        owner = key.owner
        routes = self._routes.get((owner.account, owner.region, key.name))
        return None if routes is None else routes.get(reference.qualifier)

    async def resolve(self, reference: FunctionReference) -> Route:
        """The route. Raises ResourceNotFound, or when it may not be invoked now ResourceConflict or ResourceNotReady."""
        route = self.cached(reference)
        if route is not None:
            return route
        generation = self._generation
        function = await self._store.function(reference.key)
        if function is None:
            raise ResourceNotFound(f"Function not found: {reference.arn}")
        route = await self._load(function, reference)
        if generation == self._generation:
            owner = reference.key.owner
            routes = self._routes.setdefault((owner.account, owner.region, reference.key.name), {})
            routes[reference.qualifier] = route
        return route

    def invalidate(self, key: FunctionKey) -> None:
        """The function, one of its versions or aliases changed."""
        self._generation += 1
        self._routes.pop((key.owner.account, key.owner.region, key.name), None)

    async def version(self, key: FunctionKey, number: str) -> FunctionVersion | None:
        """What serves this version (`$LATEST` or a number) now, read from the Store."""
        if number != LATEST:
            return await self._published(key, number)
        function = await self._store.function(key)
        return None if function is None else function.serving

    async def _load(self, function: Function, reference: FunctionReference) -> Route:
        gate = self._admission.function(function.key)
        gate.reserved = function.reserved_concurrency
        qualifier = reference.qualifier or LATEST
        alias, numbers = None, [qualifier]
        if qualifier != LATEST and not is_version_number(qualifier):
            alias = await self._store.alias(function.key, qualifier)
            if alias is None:
                raise ResourceNotFound(f"Cannot find alias arn: {reference.arn}")
            numbers = [alias.version, *alias.routing]
        versions = {number: await self._invocable(function, number, reference) for number in numbers}
        version = versions[numbers[0]]
        return Route(
            gate=gate,
            alias=alias if len(numbers) > 1 else None,
            versions=versions,
            version=version,
            isolated=is_isolated(version.configuration),
        )

    async def _invocable(self, function: Function, number: str, reference: FunctionReference) -> FunctionVersion:
        if number == LATEST:
            version: FunctionVersion | None = function.serving or function.latest
        else:
            version = await self._published(function.key, number)
        if version is None:
            raise ResourceNotFound(f"Function not found: {reference.arn}")
        _check_state(version)
        if version.code.image is not None:
            raise OperationNotImplemented(
                "Lambent does not run container images yet: this function is configured, and cannot be invoked."
            )
        return version

    async def _published(self, key: FunctionKey, number: str) -> FunctionVersion | None:
        """None also for a number that is not written as Lambda writes it: `01` is no version."""
        return None if number.startswith("0") else await self._store.version(key, number)


def _check_state(version: FunctionVersion) -> None:
    if version.state is State.ACTIVE:
        return
    if version.state is State.INACTIVE:
        raise ResourceNotReady("The function is inactive. Its resources are being brought back; try again later.")
    state = version.state.value
    message = f"The operation cannot be performed at this time. The function is currently in the following state: {state}"
    raise ResourceConflict(message)
