"""The part of the Store that keeps policies and configs of qualifiers; and how any write tells who subscribed."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from lambent.adapters.sql import attachment_table
from lambent.adapters.sql.attachment_table import target_parameters
from lambent.adapters.sql.codec import (
    decode_event_invoke_config,
    decode_function_url,
    decode_policy,
    decode_provisioned_concurrency,
)
from lambent.adapters.sql.database import Database
from lambent.adapters.sql.function_table import key_parameters
from lambent.adapters.sql.sqlite import Connection, Error, refers_to_nothing
from lambent.adapters.sql.statements import STATEMENTS
from lambent.core.event_invoke_config import EventInvokeConfig
from lambent.core.function import FunctionKey, Owner
from lambent.core.function_url import FunctionUrl
from lambent.core.ports import StaleWrite
from lambent.core.provisioned_concurrency import ProvisionedConcurrencyConfig
from lambent.core.resource_policy import PolicyKind, PolicyTarget, ResourcePolicy

Result = TypeVar("Result")


class AttachmentStore:
    """What hangs on functions, qualifiers and layer versions, in a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._subscribers: list[Callable[[FunctionKey], None]] = []

    async def event_invoke_config(self, key: FunctionKey, qualifier: str) -> EventInvokeConfig | None:
        rows = self._database.read("event_invoke_config_get", key_parameters(key) | {"qualifier": qualifier})
        return decode_event_invoke_config(rows[0][0]) if rows else None

    async def event_invoke_configs(self, key: FunctionKey, *, after: str | None, limit: int) -> Sequence[EventInvokeConfig]:
        parameters = key_parameters(key) | {"after": after or "", "limit": limit}
        rows = await self._database.read_list("event_invoke_config_list", parameters)
        return [decode_event_invoke_config(row[0]) for row in rows]

    async def put_event_invoke_config(self, config: EventInvokeConfig) -> None:
        await self._write(config.key, partial(attachment_table.put_event_invoke_config, config=config))

    async def delete_event_invoke_config(self, key: FunctionKey, qualifier: str) -> bool:
        return await self._delete("event_invoke_config_delete", key, qualifier)

    async def function_url(self, key: FunctionKey, qualifier: str) -> FunctionUrl | None:
        rows = self._database.read("function_url_get", key_parameters(key) | {"qualifier": qualifier})
        return decode_function_url(rows[0][0]) if rows else None

    async def function_urls(self, key: FunctionKey, *, after: str | None, limit: int) -> Sequence[FunctionUrl]:
        statement = "function_url_list_all" if after is None else "function_url_list"
        rows = await self._database.read_list(statement, key_parameters(key) | {"after": after, "limit": limit})
        return [decode_function_url(row[0]) for row in rows]

    async def put_function_url(self, url: FunctionUrl) -> None:
        await self._write(url.key, partial(attachment_table.put_function_url, url=url))

    async def delete_function_url(self, key: FunctionKey, qualifier: str) -> bool:
        return await self._delete("function_url_delete", key, qualifier)

    async def provisioned_concurrency(self, key: FunctionKey) -> Sequence[ProvisionedConcurrencyConfig]:
        rows = self._database.read("provisioned_concurrency_list", key_parameters(key))
        return [decode_provisioned_concurrency(row[0]) for row in rows]

    async def put_provisioned_concurrency(self, config: ProvisionedConcurrencyConfig) -> None:
        await self._write(config.key, partial(attachment_table.put_provisioned_concurrency, config=config))

    async def delete_provisioned_concurrency(self, key: FunctionKey, qualifier: str) -> bool:
        return await self._delete("provisioned_concurrency_delete", key, qualifier)

    async def provisioned_functions(self) -> Sequence[FunctionKey]:
        rows = await self._database.read_list("provisioned_concurrency_functions", {})
        return [FunctionKey(owner=Owner(account=account, region=region), name=name) for account, region, name in rows]

    async def policy(self, target: PolicyTarget) -> ResourcePolicy | None:
        rows = self._database.read("resource_policy_get", target_parameters(target))
        return decode_policy(rows[0][0]) if rows else None

    async def put_policy(self, policy: ResourcePolicy, *, expected_revision: str | None) -> None:
        work = partial(attachment_table.put_policy, policy=policy, expected_revision=expected_revision)
        await self._write_policy(policy.target, work)

    async def delete_policy(self, target: PolicyTarget, *, expected_revision: str) -> None:
        work = partial(attachment_table.delete_policy, target=target, expected_revision=expected_revision)
        await self._write_policy(target, work)

    def subscribe(self, on_change: Callable[[FunctionKey], None]) -> None:
        self._subscribers.append(on_change)

    async def _delete(self, statement: str, key: FunctionKey, qualifier: str) -> bool:
        parameters = key_parameters(key) | {"qualifier": qualifier}

        def work(connection: Connection) -> bool:
            return connection.execute(STATEMENTS[statement], parameters).rowcount == 1

        return await self._write(key, work)

    async def _write_policy(self, target: PolicyTarget, work: Callable[[Connection], None]) -> None:
        if target.kind is PolicyKind.FUNCTION:
            await self._write(FunctionKey(owner=target.owner, name=target.name), work)
        else:
            await self._database.write(work)

    async def _write(self, key: FunctionKey, work: Callable[[Connection], Result]) -> Result:
        """Write what belongs to `key`, and tell the subscribers unless there was nothing to delete."""

        def changed(result: Result) -> None:
            for each in self._subscribers if result is not False else ():
                each(key)

        return await self._database.write(partial(_checked, work=work, key=key), changed)


def _checked(connection: Connection, *, work: Callable[[Connection], Result], key: FunctionKey) -> Result:
    try:
        return work(connection)
    except Error as error:
        if refers_to_nothing(error):
            raise StaleWrite(key.arn) from error
        raise
