"""A Store and an EventQueue in memory, for tests: the same contract as the SQL ones, and nothing survives."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from lambent.core.alias import Alias
from lambent.core.async_event import AsyncEvent
from lambent.core.function import LATEST, CodePackage, Function, FunctionKey, FunctionVersion, Owner
from lambent.core.function_states import is_unsettled
from lambent.core.layer import LayerKey, LayerVersion
from lambent.core.names import is_version_number
from lambent.core.ports import AccountUsage, AlreadyStored, StaleWrite
from lambent.core.resource_policy import PolicyKind, PolicyTarget
from lambent.testing.attachments import FakeAttachments
from lambent.testing.code_signing import FakeCodeSigning
from lambent.testing.mappings import FakeMappings


class FakeStore(FakeAttachments, FakeCodeSigning, FakeMappings):
    """The control plane's truth in dictionaries."""

    def __init__(self) -> None:
        FakeAttachments.__init__(self, self._has, self._changed)
        FakeMappings.__init__(self)
        self._code_signing = {}
        self._functions: dict[FunctionKey, Function] = {}
        self._versions: dict[FunctionKey, dict[int, FunctionVersion]] = {}
        self._aliases: dict[FunctionKey, dict[str, Alias]] = {}
        self._layers: dict[LayerKey, dict[int, LayerVersion]] = {}
        self._next_function_version: dict[FunctionKey, int] = {}
        self._next_layer_version: dict[LayerKey, int] = {}
        self._subscribers: list[Callable[[FunctionKey], None]] = []

    async def function(self, key: FunctionKey) -> Function | None:
        return self._functions.get(key)

    async def functions(self, owner: Owner, *, after: str | None, limit: int) -> Sequence[Function]:
        found = [each for key, each in self._functions.items() if key.owner == owner and key.name > (after or "")]
        return sorted(found, key=lambda each: each.key.name)[:limit]

    async def owners(self) -> Sequence[Owner]:
        return sorted({key.owner for key in self._functions}, key=lambda owner: (owner.account, owner.region))

    async def unsettled(self) -> Sequence[FunctionKey]:
        return [
            key
            for key, function in self._functions.items()
            if any(map(is_unsettled, (function.latest, *self._versions[key].values())))
        ]

    async def add_function(self, function: Function) -> Function:
        key = function.key
        if key in self._functions:
            raise AlreadyStored(key.arn)
        self._expect_code_signing_config(function)
        function = replace(function, next_version=max(function.next_version, self._next_function_version.get(key, 1)))
        self._functions[key] = function
        self._versions[key] = {}
        self._aliases[key] = {}
        self._changed(key)
        return function

    async def replace_function(self, function: Function, *, expected_revision: str) -> None:
        self._expect_function(function.key, expected_revision)
        self._expect_code_signing_config(function)
        self._functions[function.key] = function
        self._changed(function.key)

    async def publish_version(self, version: FunctionVersion, *, function: Function, expected_revision: str) -> None:
        self._expect_function(function.key, expected_revision)
        self._expect_code_signing_config(function)
        if int(version.version) in self._versions[function.key]:
            raise AlreadyStored(version.qualified_arn)
        self._versions[function.key][int(version.version)] = version
        self._functions[function.key] = function
        self._changed(function.key)

    async def replace_version(self, version: FunctionVersion, *, expected_revision: str) -> None:
        stored = await self.version(version.key, version.version)
        if stored is None or stored.revision_id != expected_revision:
            raise StaleWrite(version.qualified_arn)
        self._versions[version.key][int(version.version)] = version
        self._changed(version.key)

    async def version(self, key: FunctionKey, number: str) -> FunctionVersion | None:
        return self._versions.get(key, {}).get(int(number)) if number != LATEST else None

    async def versions(self, key: FunctionKey, *, after: int | None, limit: int) -> Sequence[FunctionVersion]:
        stored = self._versions.get(key, {})
        return [stored[number] for number in sorted(stored) if number > (after or 0)][:limit]

    async def all_versions(self, owner: Owner, *, after: tuple[str, str] | None, limit: int) -> Sequence[FunctionVersion]:
        found = [
            version
            for key, function in self._functions.items()
            for version in (function.latest, *self._versions[key].values())
            if key.owner == owner and (after is None or _place(version) > (after[0], _ordinal(after[1])))
        ]
        return sorted(found, key=_place)[:limit]

    async def delete_version(self, key: FunctionKey, number: str) -> bool:
        if await self.version(key, number) is None:
            return False
        if await self.aliases(key, version=number, after=None, limit=1):
            raise StaleWrite(key.qualified_arn(number))
        del self._versions[key][int(number)]
        self.drop(key, number)
        self._changed(key)
        return True

    async def delete_function(self, key: FunctionKey) -> bool:
        if key not in self._functions:
            return False
        del self._functions[key], self._versions[key], self._aliases[key]
        self.drop(key)
        self._changed(key)
        return True

    async def add_alias(self, alias: Alias) -> None:
        if alias.name in self._aliases.get(alias.key, {}):
            raise AlreadyStored(alias.arn)
        self._put_alias(alias)

    async def replace_alias(self, alias: Alias, *, expected_revision: str) -> None:
        stored = await self.alias(alias.key, alias.name)
        if stored is None or stored.revision_id != expected_revision:
            raise StaleWrite(alias.arn)
        self._put_alias(alias)

    async def alias(self, key: FunctionKey, name: str) -> Alias | None:
        return self._aliases.get(key, {}).get(name)

    async def aliases(self, key: FunctionKey, *, version: str | None, after: str | None, limit: int) -> Sequence[Alias]:
        stored = self._aliases.get(key, {})
        return [
            stored[name]
            for name in sorted(stored)
            if name > (after or "") and (version is None or version in {stored[name].version, *stored[name].routing})
        ][:limit]

    async def delete_alias(self, key: FunctionKey, name: str) -> bool:
        if self._aliases.get(key, {}).pop(name, None) is None:
            return False
        self.drop(key, name)
        self._changed(key)
        return True

    async def add_layer_version(self, layer: LayerVersion) -> LayerVersion:
        layer = replace(layer, version=self._next_layer_version.get(layer.key, 1))
        self._next_layer_version[layer.key] = layer.version + 1
        self._layers.setdefault(layer.key, {})[layer.version] = layer
        return layer

    async def layer_version(self, key: LayerKey, version: int) -> LayerVersion | None:
        return self._layers.get(key, {}).get(version)

    async def layer_versions(self, key: LayerKey, *, before: int | None, limit: int) -> Sequence[LayerVersion]:
        stored = self._layers.get(key, {})
        return [stored[number] for number in sorted(stored, reverse=True) if before is None or number < before][:limit]

    async def layers(self, owner: Owner, *, after: str | None, limit: int) -> Sequence[LayerVersion]:
        newest = [stored[max(stored)] for key, stored in self._layers.items() if key.owner == owner and stored]
        return sorted((each for each in newest if each.key.name > (after or "")), key=lambda each: each.key.name)[:limit]

    async def delete_layer_version(self, key: LayerKey, version: int) -> bool:
        self.drop_layer_version(key, version)
        return self._layers.get(key, {}).pop(version, None) is not None

    async def usage(self, owner: Owner) -> AccountUsage:
        functions = [each for key, each in self._functions.items() if key.owner == owner]
        code = [each.latest.code for each in functions]
        code += [each.code for key, stored in self._versions.items() if key.owner == owner for each in stored.values()]
        code += [each.package for key, stored in self._layers.items() if key.owner == owner for each in stored.values()]
        return AccountUsage(
            code_bytes=sum(each.unpacked_size for each in code),
            functions=len(functions),
            reserved_concurrency=sum(each.reserved_concurrency or 0 for each in functions),
            provisioned_concurrency=sum(self.provisioned_total(each.key) for each in functions if not each.reserved_concurrency),
        )

    async def packages_in_use(self) -> frozenset[str]:
        versions = [each for stored in self._versions.values() for each in stored.values()]
        for function in self._functions.values():
            versions += [function.latest, function.serving or function.latest]
        layers = [each.package for stored in self._layers.values() for each in stored.values()]
        return frozenset(each.digest for each in (*(code for each in versions for code in _packages(each)), *layers))

    def subscribe(self, on_change: Callable[[FunctionKey], None]) -> None:
        self._subscribers.append(on_change)

    def _has(self, target: PolicyTarget) -> bool:
        qualifier = target.qualifier
        if target.kind is PolicyKind.LAYER:
            return int(qualifier) in self._layers.get(LayerKey(owner=target.owner, name=target.name), {})
        key = FunctionKey(owner=target.owner, name=target.name)
        if qualifier in ("", LATEST):
            return key in self._functions
        if is_version_number(qualifier):
            return int(qualifier) in self._versions.get(key, {})
        return qualifier in self._aliases.get(key, {})

    def _expect_function(self, key: FunctionKey, revision: str) -> None:
        stored = self._functions.get(key)
        if stored is None or stored.latest.revision_id != revision:
            raise StaleWrite(key.arn)

    def _put_alias(self, alias: Alias) -> None:
        versions = self._versions.get(alias.key)
        if versions is None or any(each != LATEST and int(each) not in versions for each in (alias.version, *alias.routing)):
            raise StaleWrite(alias.arn)
        self._aliases[alias.key][alias.name] = alias
        self._changed(alias.key)

    def _changed(self, key: FunctionKey) -> None:
        if key in self._functions:
            seen = self._next_function_version.get(key, 1)
            self._next_function_version[key] = max(seen, self._functions[key].next_version)
        for each in self._subscribers:
            each(key)


class FakeEventQueue:
    """Asynchronous events in a dictionary."""

    def __init__(self) -> None:
        self._events: dict[str, AsyncEvent] = {}
        self._available: dict[str, float] = {}

    async def put(self, event: AsyncEvent) -> None:
        if event.event_id not in self._events:
            self._events[event.event_id] = event
            self._available[event.event_id] = event.due

    async def lease(self, *, now: float, until: float, limit: int) -> Sequence[AsyncEvent]:
        waiting = [event for event in self._events.values() if self._available[event.event_id] <= now]
        waiting.sort(key=lambda event: (self._available[event.event_id], event.accepted, event.event_id))
        for event in waiting[:limit]:
            self._available[event.event_id] = until
        return sorted(waiting[:limit], key=lambda event: (event.due, event.accepted, event.event_id))

    async def acknowledge(self, event_id: str) -> None:
        self._events.pop(event_id, None)
        self._available.pop(event_id, None)

    async def retry(self, event: AsyncEvent) -> None:
        if event.event_id in self._events:
            stored = self._events[event.event_id]
            self._events[event.event_id] = replace(stored, attempts=event.attempts, due=event.due)
            self._available[event.event_id] = event.due

    async def next_due(self) -> float | None:
        return min(self._available.values(), default=None)


def _packages(version: FunctionVersion) -> Iterable[CodePackage]:
    code = () if version.code.image is not None else (version.code,)
    return (*code, *(each.package for each in version.configuration.layers))


def _ordinal(version: str) -> int:
    return 0 if version == LATEST else int(version)


def _place(version: FunctionVersion) -> tuple[str, int]:
    return (version.key.name, _ordinal(version.version))
