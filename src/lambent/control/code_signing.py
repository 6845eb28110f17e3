"""Code signing configurations: create, read, change, list and delete them, and give them to functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lambent.control.revisions import Revised, Revisions
from lambent.core.code_signing_config import IDENTIFIER_CHARACTERS, CodeSigningConfig, CodeSigningKey, UntrustedArtifact
from lambent.core.code_signing_rules import (
    check_publishers,
    check_signable,
    config_for_function,
    config_in_use,
    no_config,
    no_config_for_function,
    own_config,
)
from lambent.core.errors import ResourceConflict
from lambent.core.function import Function, FunctionKey, Owner
from lambent.core.pagination import Page, encode_marker, text_position
from lambent.core.ports import AlreadyStored, Chance, Clock, StaleWrite, Store
from lambent.core.tag_rules import TagEdit

_ATTEMPTS = 10
_CONFIGS = "code-signing-configs"
_FUNCTIONS = "code-signing-config-functions"


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeSigningEdit:
    """What a create or update request gives; None leaves a member as it is."""

    allowed_publishers: tuple[str, ...] | None = None
    untrusted_artifact: UntrustedArtifact | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    """To be added: CreateCodeSigningConfig only."""

    def applied(self, config: CodeSigningConfig, *, now: float) -> CodeSigningConfig:
        """The configuration as edited at `now` (epoch seconds). Raises InvalidParameterValue."""
        check_publishers(self.allowed_publishers or ())
        given = {
            name: getattr(self, name)
            for name in ("allowed_publishers", "untrusted_artifact", "description")
            if getattr(self, name) is not None
        }
        return replace(config, **given, last_modified=now, tags=TagEdit(added=self.tags).applied(config.tags))


class CodeSigningControl:
    """Use cases on code signing configurations. ARNs are as callers wrote them."""

    def __init__(self, store: Store, clock: Clock, chance: Chance) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._revisions = Revisions(store, chance)

    async def create(self, owner: Owner, given: CodeSigningEdit) -> CodeSigningConfig:
        """Raises InvalidParameterValue."""
        while True:
            key = CodeSigningKey(owner=owner, identifier=f"csc-{self._chance.token(IDENTIFIER_CHARACTERS)}")
            blank = CodeSigningConfig(key=key, allowed_publishers=(), last_modified=0.0)
            config = given.applied(blank, now=self._clock.now())
            try:
                await self._store.add_code_signing_config(config)
            except AlreadyStored:
                continue
            return config

    async def get(self, arn: str, *, caller: Owner, action: str = "GetCodeSigningConfig") -> CodeSigningConfig:
        """Raises ResourceNotFound, AccessDenied (another account's); `action` is the operation, for the message."""
        config = await self._store.code_signing_config(own_config(arn, caller=caller, action=action))
        if config is None:
            raise no_config(arn)
        return config

    async def update(self, arn: str, edit: CodeSigningEdit, *, caller: Owner) -> CodeSigningConfig:
        """Holds from the next deployment on. Raises as `get`, InvalidParameterValue, ResourceConflict (contention)."""

        def change(config: CodeSigningConfig) -> CodeSigningConfig:
            return edit.applied(config, now=self._clock.now())

        return await self.change(arn, change, caller=caller, action="UpdateCodeSigningConfig")

    async def change(
        self, arn: str, change: Callable[[CodeSigningConfig], CodeSigningConfig], *, caller: Owner, action: str
    ) -> CodeSigningConfig:
        """Decide on the freshest configuration and swap it; again when another writer was faster. Raises as `update`."""
        for _ in range(_ATTEMPTS):
            config = await self.get(arn, caller=caller, action=action)
            changed = change(config)
            try:
                await self._store.replace_code_signing_config(changed, expected=config)
            except StaleWrite:
                continue
            return changed
        raise ResourceConflict(f"The operation cannot be performed at this time. An update is in progress for resource: {arn}")

    async def delete(self, arn: str, *, caller: Owner) -> None:
        """Raises as `get`, and ResourceConflict while a function has it."""
        key = own_config(arn, caller=caller, action="DeleteCodeSigningConfig")
        try:
            deleted = await self._store.delete_code_signing_config(key)
        except StaleWrite as error:
            raise config_in_use(arn) from error
        if not deleted:
            raise no_config(arn)

    async def list(self, owner: Owner, page: Page) -> tuple[Sequence[CodeSigningConfig], str | None]:
        """By identifier, with the next marker. Raises InvalidParameterValue (marker)."""
        after = text_position(_CONFIGS, page.marker)
        found = await self._store.code_signing_configs(owner, after=after, limit=page.size + 1)
        shown = found[: page.size]
        return shown, encode_marker(_CONFIGS, shown[-1].key.identifier) if len(found) > page.size else None

    async def functions(self, arn: str, page: Page, *, caller: Owner) -> tuple[Sequence[FunctionKey], str | None]:
        """Those that have it, by name, with the next marker. Raises as `get`, and InvalidParameterValue (marker)."""
        config = await self.get(arn, caller=caller, action="ListFunctionsByCodeSigningConfig")
        after = text_position(_FUNCTIONS, page.marker)
        found = await self._store.functions_of_code_signing_config(config.key, after=after, limit=page.size + 1)
        shown = found[: page.size]
        return shown, encode_marker(_FUNCTIONS, shown[-1].name) if len(found) > page.size else None

    async def put_on_function(self, key: FunctionKey, arn: str) -> CodeSigningKey:
        """Code that is there stays in service unchecked. Raises ResourceNotFound, CodeSigningConfigNotFound, AccessDenied,
        InvalidParameterValue (a container image)."""
        await self._revisions.load(key)
        config = config_for_function(arn, caller=key.owner, action="PutFunctionCodeSigningConfig")

        async def change(function: Function) -> Revised:
            check_signable(function.latest.configuration.package_type)
            # At each attempt: a configuration that is deleted meanwhile makes every write stale.
            if await self._store.code_signing_config(config) is None:
                raise no_config_for_function(arn)
            return Revised(function=replace(function, code_signing_config=config.identifier))

        await self._revisions.revise(key, change)
        return config

    async def remove_from_function(self, key: FunctionKey) -> None:
        """A function without one stays as it is. Raises ResourceNotFound."""

        async def change(function: Function) -> Revised | None:
            if function.code_signing_config is None:
                return None
            return Revised(function=replace(function, code_signing_config=None))

        await self._revisions.revise(key, change)

    async def of_function(self, key: FunctionKey) -> CodeSigningKey | None:
        """Raises ResourceNotFound (the function)."""
        identifier = (await self._revisions.load(key)).code_signing_config
        return None if identifier is None else CodeSigningKey(owner=key.owner, identifier=identifier)


class CodeSigningTags:
    """Tags of code signing configurations."""

    def __init__(self, control: CodeSigningControl) -> None:
        self._control = control

    async def tags(self, arn: str, *, caller: Owner) -> Mapping[str, str]:
        return (await self._control.get(arn, caller=caller, action="ListTags")).tags

    async def edit_tags(self, arn: str, edit: TagEdit, *, caller: Owner) -> None:
        def change(config: CodeSigningConfig) -> CodeSigningConfig:
            return replace(config, tags=edit.applied(config.tags))

        await self._control.change(arn, change, caller=caller, action="TagResource" if edit.added else "UntagResource")
