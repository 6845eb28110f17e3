"""Layers: publish, read, list and delete their versions, and resolve those that a function names."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambent.control.code import CodeIntake, CodeSource
from lambent.core.addressing import not_authorized
from lambent.core.errors import InvalidParameterValue
from lambent.core.function import LayerReference, Owner
from lambent.core.layer import LayerKey, LayerVersion
from lambent.core.layer_rules import (
    LayerFilter,
    check_filter,
    check_layer_list,
    check_version_number,
    layer_version_of_arn,
    no_layer_version,
    refuse_other_layer_owner,
    refuse_other_layer_region,
)
from lambent.core.pagination import Page, encode_marker, number_position, text_position
from lambent.core.policy import Access, Decision, decide
from lambent.core.ports import Clock, Store
from lambent.core.resource_policy import layer_target
from lambent.core.runtimes_table import check_known_runtime

_LAYERS = "layers"
_VERSIONS = "layer-versions"
_CHUNK = 50
_LARGEST = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerPublication:
    """What PublishLayerVersion is given."""

    code: CodeSource
    description: str = ""
    license_info: str | None = None
    compatible_runtimes: tuple[str, ...] = ()
    compatible_architectures: tuple[str, ...] = ()


class LayerControl:
    """Use cases on layers."""

    def __init__(self, store: Store, intake: CodeIntake, clock: Clock) -> None:
        self._store = store
        self._intake = intake
        self._clock = clock

    async def publish(self, key: LayerKey, given: LayerPublication, *, caller: Owner) -> LayerVersion:
        """Always a new number. Raises AccessDenied, InvalidParameterValue, RequestTooLarge, CodeStorageExceeded."""
        refuse_other_layer_owner(key, caller, "PublishLayerVersion", key.arn)
        for runtime in given.compatible_runtimes:
            check_known_runtime(runtime)
        package = await self._intake.add(given.code, owner=key.owner, operation="PublishLayerVersion")
        return await self._store.add_layer_version(
            LayerVersion(
                key=key,
                version=0,
                package=package,
                created=self._clock.now(),
                description=given.description,
                license_info=given.license_info,
                compatible_runtimes=given.compatible_runtimes,
                compatible_architectures=given.compatible_architectures,
            )
        )

    async def get(self, key: LayerKey, version: int, *, caller: Owner) -> LayerVersion:
        """Raises ResourceNotFound, AccessDenied (another account's, not granted), InvalidParameterValue (a number below 1)."""
        check_version_number(version)
        await self._check_access(key, version, caller)
        found = await self._store.layer_version(key, version) if version <= _LARGEST else None
        if found is None:
            raise no_layer_version()
        return found

    async def get_by_arn(self, arn: str, *, caller: Owner) -> LayerVersion:
        """Raises as `get`."""
        parsed = layer_version_of_arn(arn)
        if parsed is None:
            raise no_layer_version()
        return await self.get(*parsed, caller=caller)

    async def delete(self, key: LayerKey, version: int, *, caller: Owner) -> None:
        """A version that is not there is no error. Functions that use it keep their copy.

        Raises AccessDenied, InvalidParameterValue (a number below 1).
        """
        check_version_number(version)
        refuse_other_layer_owner(key, caller, "DeleteLayerVersion", key.version_arn(version))
        if version <= _LARGEST:
            await self._store.delete_layer_version(key, version)

    async def list(self, owner: Owner, wanted: LayerFilter, page: Page) -> tuple[Sequence[LayerVersion], str | None]:
        """The newest matching version of each layer, by name, with the next marker. Raises InvalidParameterValue."""
        check_filter(wanted)
        after = text_position(_LAYERS, page.marker)
        shown: list[LayerVersion] = []
        while chunk := await self._store.layers(owner, after=after, limit=_CHUNK):
            for newest in chunk:
                after = newest.key.name
                match = await self._newest_match(newest, wanted)
                if match is not None:
                    shown.append(match)
                if len(shown) > page.size:
                    return shown[: page.size], encode_marker(_LAYERS, shown[page.size - 1].key.name)
        return shown, None

    async def _newest_match(self, newest: LayerVersion, wanted: LayerFilter) -> LayerVersion | None:
        if wanted.matches(newest):
            return newest
        found, _ = await self._matching(newest.key, wanted, before=newest.version, limit=1)
        return found[0] if found else None

    async def list_versions(
        self, key: LayerKey, wanted: LayerFilter, page: Page, *, caller: Owner
    ) -> tuple[Sequence[LayerVersion], str | None]:
        """Matching versions, newest first, with the next marker; none for an unknown layer. Raises as `get`."""
        check_filter(wanted)
        refuse_other_layer_owner(key, caller, "ListLayerVersions", key.arn)
        shown, more = await self._matching(key, wanted, before=number_position(_VERSIONS, page.marker), limit=page.size)
        return shown, encode_marker(_VERSIONS, shown[-1].version) if more else None

    async def _matching(
        self, key: LayerKey, wanted: LayerFilter, *, before: int | None, limit: int
    ) -> tuple[Sequence[LayerVersion], bool]:
        """Up to `limit` matches, and whether there are more."""
        found: list[LayerVersion] = []
        while len(found) <= limit and (chunk := await self._store.layer_versions(key, before=before, limit=_CHUNK)):
            found += [each for each in chunk if wanted.matches(each)]
            before = chunk[-1].version
        return found[:limit], len(found) > limit

    async def resolve(self, arns: Sequence[str], *, caller: Owner) -> tuple[LayerReference, ...]:
        """The layer versions that a function of `caller` names, in order, copied.

        Raises InvalidParameterValue (too many, unknown, other Region, two of one layer), AccessDenied (not granted).
        """
        check_layer_list(arns, region=caller.region)
        return tuple([await self._resolve(arn, caller) for arn in arns])

    async def _resolve(self, arn: str, caller: Owner) -> LayerReference:
        parsed = layer_version_of_arn(arn)
        if parsed is not None:
            await self._check_access(*parsed, caller)
        found = None if parsed is None else await self._store.layer_version(*parsed)
        if found is None:
            raise InvalidParameterValue(f"Layer version {arn} does not exist.")
        return LayerReference(arn=found.arn, package=found.package)

    async def _check_access(self, key: LayerKey, version: int, caller: Owner) -> None:
        """Another account reads and uses a layer version only where its policy allows it (facts G1)."""
        refuse_other_layer_region(key, caller)
        if key.owner.account == caller.account:
            return
        arn = key.version_arn(version)
        policy = await self._store.policy(layer_target(key, version))
        access = Access(account=caller.account, action="lambda:GetLayerVersion", resource=arn)
        if decide(policy, access) is not Decision.ALLOWED:
            raise not_authorized(caller, action="GetLayerVersion", arn=arn)
