"""Functions: create, read, list, delete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lambent.control.code import CodeSource
from lambent.control.deployment import Deployment
from lambent.control.revisions import Found, Revised, Revisions
from lambent.control.versions import VersionControl
from lambent.core.addressing import function_not_found
from lambent.core.code_signing_rules import no_config_for_function
from lambent.core.configuration_edit import ConfigurationEdit, new_configuration
from lambent.core.configuration_rules import check_configuration, check_edit, check_log_levels, check_package_edit
from lambent.core.container_images import check_code_kind
from lambent.core.errors import ResourceConflict
from lambent.core.function import (
    LATEST,
    CodePackage,
    Function,
    FunctionConfiguration,
    FunctionKey,
    FunctionVersion,
    Owner,
    PackageType,
)
from lambent.core.function_states import CREATING
from lambent.core.layer_rules import check_unzipped_size
from lambent.core.names import FunctionReference
from lambent.core.pagination import Page, encode_marker, text_position, version_position
from lambent.core.ports import AlreadyStored, Chance, Clock, StaleWrite, Store
from lambent.core.tag_rules import merged_tags

_FUNCTIONS = "functions"
_ALL_VERSIONS = "all-versions"


@dataclass(frozen=True, kw_only=True, slots=True)
class Creation:
    """What CreateFunction is given."""

    edit: ConfigurationEdit
    code: CodeSource
    publish: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    code_signing_config: str | None = None
    """ARN as given."""


class FunctionControl:
    """Use cases on functions as a whole."""

    def __init__(self, store: Store, deployment: Deployment, clock: Clock, chance: Chance) -> None:
        self._store = store
        self._deployment = deployment
        self._clock = clock
        self._chance = chance
        self._revisions = Revisions(store, chance)
        self._versions = VersionControl(store, chance)

    async def create(self, key: FunctionKey, creation: Creation) -> FunctionVersion:
        """Store the function as Pending; activation does the rest. Returns `$LATEST`, or version 1 when publishing.

        Raises InvalidParameterValue, ResourceConflict (it exists), AccessDenied (layers), RequestTooLarge, CodeStorageExceeded,
        CodeSigningConfigNotFound, CodeVerificationFailed, InvalidCodeSignature.
        """
        edit = creation.edit
        check_edit(edit)
        package_type = edit.package_type or PackageType.ZIP
        check_package_edit(package_type, edit)
        check_code_kind(package_type, image_uri=creation.code.image_uri, verb="creating")
        check_configuration(new_configuration(key.name, edit, ()), creating=True, now=self._clock.now())
        tags = merged_tags({}, creation.tags)
        if await self._store.function(key) is not None:
            raise _exists(key)
        signing = await self._deployment.signatures.config(creation.code_signing_config, key.owner, package_type)
        layers = await self._deployment.layers.resolve(edit.layers or (), caller=key.owner)
        configuration = new_configuration(key.name, edit, layers)
        check_log_levels(configuration, edit)
        code = await self._deployment.code.add(creation.code, owner=key.owner, operation="CreateFunction")
        check_unzipped_size(code, configuration.layers)
        function = Function(latest=self._pending(key, configuration, code), tags=tags, code_signing_config=signing)
        await self._deployment.signatures.check(function, code=code, layers=layers)
        try:
            stored = await self._store.add_function(function)
        except AlreadyStored as error:
            raise _exists(key) from error
        except StaleWrite as error:
            raise no_config_for_function(creation.code_signing_config or "") from error
        return await self._publish_first(key) if creation.publish else stored.latest

    def _pending(self, key: FunctionKey, configuration: FunctionConfiguration, code: CodePackage) -> FunctionVersion:
        return FunctionVersion(
            key=key,
            version=LATEST,
            configuration=configuration,
            code=code,
            revision_id=self._chance.uuid(),
            last_modified=self._clock.now(),
            state_reason=CREATING.reason,
            state_reason_code=CREATING.code,
        )

    async def _publish_first(self, key: FunctionKey) -> FunctionVersion:
        """Publish while `$LATEST` is still Pending: allowed to CreateFunction only (facts A6)."""
        published: list[FunctionVersion] = []

        async def change(function: Function) -> Revised | None:
            made = await self._versions.prepare(function)
            published[:] = [made.version]
            return None if made.function is None else Revised(function=made.function, published=made.version)

        await self._revisions.revise(key, change)
        return published[0]

    async def find(self, reference: FunctionReference) -> Found:
        """The named version with its function; through an alias its primary version. Raises ResourceNotFound."""
        return await self._revisions.find(reference)

    async def list(self, owner: Owner, page: Page) -> tuple[Sequence[FunctionVersion], str | None]:
        """`$LATEST` of every function by name, with the next marker. Raises InvalidParameterValue."""
        after = text_position(_FUNCTIONS, page.marker)
        found = await self._store.functions(owner, after=after, limit=page.size + 1)
        shown = [each.latest for each in found[: page.size]]
        return shown, encode_marker(_FUNCTIONS, shown[-1].key.name) if len(found) > page.size else None

    async def list_all_versions(self, owner: Owner, page: Page) -> tuple[Sequence[FunctionVersion], str | None]:
        """Every version of every function, by name, `$LATEST` first. Raises InvalidParameterValue."""
        after = version_position(_ALL_VERSIONS, page.marker)
        found = await self._store.all_versions(owner, after=after, limit=page.size + 1)
        shown = found[: page.size]
        more = len(found) > page.size
        return shown, encode_marker(_ALL_VERSIONS, shown[-1].key.name, shown[-1].version) if more else None

    async def delete(self, reference: FunctionReference) -> None:
        """Delete a function with all versions and aliases, or the one version named.

        Raises ResourceNotFound, ResourceConflict (an alias refers to the version), InvalidParameterValue.
        """
        if reference.qualifier is not None:
            await self._versions.delete(reference.key, reference.qualifier)
        elif not await self._store.delete_function(reference.key):
            raise function_not_found(reference.key.arn)


def _exists(key: FunctionKey) -> ResourceConflict:
    return ResourceConflict(f"Function already exist: {key.name}")
