"""The part of the fake Store that keeps code signing configurations in a dictionary."""

from collections.abc import Sequence

from lambent.core.code_signing_config import CodeSigningConfig, CodeSigningKey
from lambent.core.function import Function, FunctionKey, Owner
from lambent.core.ports import AlreadyStored, StaleWrite


class FakeCodeSigning:
    """Code signing configurations, and which of the functions have one."""

    _functions: dict[FunctionKey, Function]
    _code_signing: dict[CodeSigningKey, CodeSigningConfig]

    async def add_code_signing_config(self, config: CodeSigningConfig) -> None:
        if config.key in self._code_signing:
            raise AlreadyStored(config.key.arn)
        self._code_signing[config.key] = config

    async def code_signing_config(self, key: CodeSigningKey) -> CodeSigningConfig | None:
        return self._code_signing.get(key)

    async def code_signing_configs(self, owner: Owner, *, after: str | None, limit: int) -> Sequence[CodeSigningConfig]:
        found = [each for key, each in self._code_signing.items() if key.owner == owner and key.identifier > (after or "")]
        return sorted(found, key=lambda each: each.key.identifier)[:limit]

    async def replace_code_signing_config(self, config: CodeSigningConfig, *, expected: CodeSigningConfig) -> None:
        if self._code_signing.get(config.key) != expected:
            raise StaleWrite(config.key.arn)
        self._code_signing[config.key] = config

    async def delete_code_signing_config(self, key: CodeSigningKey) -> bool:
        if await self.functions_of_code_signing_config(key, after=None, limit=1):
            raise StaleWrite(key.arn)
        return self._code_signing.pop(key, None) is not None

    async def functions_of_code_signing_config(
        self, key: CodeSigningKey, *, after: str | None, limit: int
    ) -> Sequence[FunctionKey]:
        found = [
            each.key
            for each in self._functions.values()
            if (each.key.owner, each.code_signing_config) == (key.owner, key.identifier) and each.key.name > (after or "")
        ]
        return sorted(found, key=lambda each: each.name)[:limit]

    def _expect_code_signing_config(self, function: Function) -> None:
        identifier = function.code_signing_config
        if identifier is not None and CodeSigningKey(owner=function.key.owner, identifier=identifier) not in self._code_signing:
            raise StaleWrite(function.key.arn)
