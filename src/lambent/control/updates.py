"""Updating a function's code or configuration: the old one serves until activation of the new one ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lambent.control.code import CodeSource
from lambent.control.deployment import Deployment
from lambent.control.revisions import Revised, Revisions, check_revision
from lambent.control.versions import VersionControl
from lambent.core.configuration_edit import ConfigurationEdit, edited
from lambent.core.configuration_rules import check_configuration, check_edit, check_log_levels, check_package_edit
from lambent.core.container_images import check_code_kind
from lambent.core.function import CodePackage, Function, FunctionKey, FunctionVersion, LayerReference
from lambent.core.function_states import refuse_while_unsettled, updating
from lambent.core.layer_rules import check_unzipped_size
from lambent.core.ports import Chance, Clock, Store


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeUpdate:
    """What UpdateFunctionCode is given."""

    code: CodeSource
    architectures: tuple[str, ...] | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    """As in ConfigurationEdit."""
    publish: bool = False
    dry_run: bool = False
    revision_id: str | None = None


class UpdateControl:
    """Use cases that edit `$LATEST`."""

    def __init__(self, store: Store, deployment: Deployment, clock: Clock, chance: Chance) -> None:
        self._deployment = deployment
        self._clock = clock
        self._revisions = Revisions(store, chance)
        self._versions = VersionControl(store, chance)

    async def code(self, key: FunctionKey, update: CodeUpdate) -> FunctionVersion:
        """Returns `$LATEST` InProgress; the new version when publishing; what `$LATEST` would be on a dry run.

        Raises ResourceNotFound, ResourceConflict (Pending, InProgress), PreconditionFailed, InvalidParameterValue,
        RequestTooLarge, CodeStorageExceeded, CodeVerificationFailed, InvalidCodeSignature.
        """
        function = await self._ready(key, update.revision_id)
        check_code_kind(function.latest.configuration.package_type, image_uri=update.code.image_uri, verb="updating")
        take = self._deployment.code.examine if update.dry_run else self._deployment.code.add
        package = await take(update.code, owner=key.owner, operation="UpdateFunctionCode")
        if update.dry_run:
            await self._deployment.signatures.check(function, code=package)
            return self._with_code(function, package, update).latest
        published: list[FunctionVersion] = []

        async def change(fresh: Function) -> Revised:
            refuse_while_unsettled(fresh)
            await self._deployment.signatures.check(fresh, code=package)
            changed = self._begun(self._with_code(fresh, package, update))
            if not update.publish:
                return Revised(function=changed)
            made = await self._versions.prepare(changed)
            published[:] = [made.version]
            return Revised(function=made.function or changed, published=made.version if made.function else None)

        stored = await self._revisions.revise(key, change, revision=update.revision_id)
        return published[0] if published else stored.latest

    async def configuration(self, key: FunctionKey, edit: ConfigurationEdit, *, revision_id: str | None) -> FunctionVersion:
        """Returns `$LATEST` InProgress. Raises as `code`, and AccessDenied (layers)."""
        check_edit(edit)
        function = await self._ready(key, revision_id)
        check_package_edit(function.latest.configuration.package_type, edit)
        layers = None if edit.layers is None else await self._deployment.layers.resolve(edit.layers, caller=key.owner)

        async def change(fresh: Function) -> Revised:
            refuse_while_unsettled(fresh)
            await self._deployment.signatures.check(fresh, layers=layers)
            return Revised(function=self._begun(self._with_configuration(fresh, edit, layers)))

        return (await self._revisions.revise(key, change, revision=revision_id)).latest

    async def _ready(self, key: FunctionKey, revision_id: str | None) -> Function:
        """Refuse early, before a package is fetched and stored; `revise` asks again on the freshest function."""
        function = await self._revisions.load(key)
        check_revision(function.latest.revision_id, revision_id)
        refuse_while_unsettled(function)
        return function

    def _begun(self, function: Function) -> Function:
        return replace(function, latest=updating(function.latest, now=self._clock.now()))

    def _with_code(self, function: Function, package: CodePackage, update: CodeUpdate) -> Function:
        latest = function.latest
        edit = ConfigurationEdit(architectures=update.architectures, settings=update.settings)
        configuration = edited(latest.configuration, edit, None)
        check_configuration(configuration, creating=False, now=self._clock.now())
        check_unzipped_size(package, configuration.layers)
        return replace(function, latest=replace(latest, code=package, configuration=configuration))

    def _with_configuration(
        self, function: Function, edit: ConfigurationEdit, layers: tuple[LayerReference, ...] | None
    ) -> Function:
        latest = function.latest
        configuration = edited(latest.configuration, edit, layers)
        check_configuration(configuration, creating=False, now=self._clock.now())
        check_log_levels(configuration, edit)
        if layers is not None:
            check_unzipped_size(latest.code, layers)
        return replace(function, latest=replace(latest, configuration=configuration))
