"""CloudWatch Logs operations that make, set and delete groups and streams, and that put events (facts H4)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from lambent.api.call import Call, Handler, Members
from lambent.api.log_names import UPLOAD_TOKEN, group_name, name_of, no_group, no_stream, own_group
from lambent.core.errors import ResourceAlreadyExists, ResourceNotFound, ValidationFailed
from lambent.core.function import Owner
from lambent.core.log_batch import accept
from lambent.core.log_group import LogGroup, SubscriptionFilter, check_retention, with_filter
from lambent.core.log_pattern import log_filter
from lambent.core.ports import AlreadyStored, Clock, LogStore
from lambent.core.tag_rules import TagEdit

_NOTHING: Members = {}
_FILTER_PAGE = 50
_SHOWN_OF_FILTER = ("roleArn", "distribution", "applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFields")


class LogGroupHandlers:
    """Groups, streams, retention, deletion protection, tags, subscription filters, PutLogEvents."""

    def __init__(self, logs: LogStore, clock: Clock) -> None:
        self._logs = logs
        self._clock = clock
        self._changing = asyncio.Lock()

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name of the `logs` model."""
        return {
            "CreateLogGroup": self.create_group,
            "DeleteLogGroup": self.delete_group,
            "CreateLogStream": self.create_stream,
            "DeleteLogStream": self.delete_stream,
            "PutLogEvents": self.put_events,
            "PutRetentionPolicy": self.put_retention,
            "DeleteRetentionPolicy": self.delete_retention,
            "PutLogGroupDeletionProtection": self.protect,
            "PutSubscriptionFilter": self.put_filter,
            "DescribeSubscriptionFilters": self.describe_filters,
            "DeleteSubscriptionFilter": self.delete_filter,
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.list_tags,
            "TagLogGroup": self.tag,
            "UntagLogGroup": self.untag,
            "ListTagsLogGroup": self.list_tags,
        }

    async def create_group(self, call: Call, members: Members) -> Members:
        """Raises ResourceAlreadyExists."""
        group = LogGroup(
            name=members["logGroupName"],
            created_ms=self._now_ms(),
            group_class=members.get("logGroupClass", "STANDARD"),
            kms_key_id=members.get("kmsKeyId"),
            deletion_protection=members.get("deletionProtectionEnabled", False),
            tags=TagEdit(added=members.get("tags", {})).applied({}),
        )
        try:
            await self._logs.add_group(call.caller, group)
        except AlreadyStored as error:
            raise ResourceAlreadyExists("The specified log group already exists") from error
        return _NOTHING

    async def delete_group(self, call: Call, members: Members) -> Members:
        """With its streams. Refused while it is protected."""
        group = await self._group(call.caller, members["logGroupName"])
        if group.deletion_protection:
            raise ValidationFailed("The log group cannot be deleted: its deletion protection is enabled.")
        await self._logs.delete_group(call.caller, group.name)
        return _NOTHING

    async def create_stream(self, call: Call, members: Members) -> Members:
        """Raises ResourceAlreadyExists."""
        try:
            await self._logs.add_stream(call.caller, members["logGroupName"], members["logStreamName"])
        except KeyError as error:
            raise no_group() from error
        except AlreadyStored as error:
            raise ResourceAlreadyExists("The specified log stream already exists") from error
        return _NOTHING

    async def delete_stream(self, call: Call, members: Members) -> Members:
        """Refused while its group is protected."""
        group = await self._group(call.caller, members["logGroupName"])
        if group.deletion_protection:
            raise ValidationFailed("The log stream cannot be deleted: the deletion protection of its group is enabled.")
        if not await self._logs.delete_stream(call.caller, group.name, members["logStreamName"]):
            raise no_stream()
        return _NOTHING

    async def put_events(self, call: Call, members: Members) -> Members:
        """Stored when this returns; what is too new, too old or past its retention is left out and said."""
        group, stream = await self._group(call.caller, members["logGroupName"]), members["logStreamName"]
        events = [(each["timestamp"], each["message"].encode("utf-8", "replace")) for each in members["logEvents"]]
        now = self._now_ms()
        batch = accept(events, now_ms=now, keeps_from=group.keeps_from(now))
        try:
            await self._logs.put(call.caller, group.name, stream, batch.events)
        except KeyError as error:
            raise (no_stream() if error.args == ("stream",) else no_group()) from error
        rejected = {"rejectedLogEventsInfo": batch.rejected} if batch.rejected else {}
        return {"nextSequenceToken": UPLOAD_TOKEN, **rejected}

    async def put_retention(self, call: Call, members: Members) -> Members:
        """Days after which events are deleted."""
        days = check_retention(members["retentionInDays"])
        return await self._change(call.caller, members["logGroupName"], lambda group: replace(group, retention_days=days))

    async def delete_retention(self, call: Call, members: Members) -> Members:
        """Events are kept from now on."""
        return await self._change(call.caller, members["logGroupName"], lambda group: replace(group, retention_days=None))

    async def protect(self, call: Call, members: Members) -> Members:
        """Switch the deletion protection on or off."""
        name, wanted = name_of(members["logGroupIdentifier"]), members["deletionProtectionEnabled"]
        return await self._change(call.caller, name, lambda group: replace(group, deletion_protection=wanted))

    async def put_filter(self, call: Call, members: Members) -> Members:
        """Stored and shown; nothing is sent to its destination."""
        log_filter(members["filterPattern"])
        given = SubscriptionFilter(
            name=members["filterName"],
            pattern=members["filterPattern"],
            destination_arn=members["destinationArn"],
            created_ms=self._now_ms(),
            settings={"distribution": "ByLogStream", **{name: members[name] for name in _SHOWN_OF_FILTER if name in members}},
        )

        def edit(group: LogGroup) -> LogGroup:
            return replace(group, filters=with_filter(group.filters, given))

        return await self._change(call.caller, members["logGroupName"], edit)

    async def describe_filters(self, call: Call, members: Members) -> Members:
        """By name."""
        group = await self._group(call.caller, members["logGroupName"])
        after, limit = members.get("nextToken", ""), members.get("limit", _FILTER_PAGE)
        prefix = members.get("filterNamePrefix", "")
        found = [each for each in group.filters if each.name.startswith(prefix) and each.name > after]
        reply = {"subscriptionFilters": [_shown_filter(group.name, each) for each in found[:limit]]}
        return {**reply, "nextToken": found[limit - 1].name} if len(found) > limit else reply

    async def delete_filter(self, call: Call, members: Members) -> Members:
        """Raises ResourceNotFound."""
        name = members["filterName"]

        def edit(group: LogGroup) -> LogGroup:
            kept = tuple(each for each in group.filters if each.name != name)
            if len(kept) == len(group.filters):
                raise ResourceNotFound("The specified subscription filter does not exist.")
            return replace(group, filters=kept)

        return await self._change(call.caller, members["logGroupName"], edit)

    async def tag(self, call: Call, members: Members) -> Members:
        """By name or ARN."""
        return await self._tag(call.caller, members, TagEdit(added=members["tags"]))

    async def untag(self, call: Call, members: Members) -> Members:
        """Names that are no tags are ignored."""
        return await self._tag(
            call.caller, members, TagEdit(removed=members["tagKeys"] if "tagKeys" in members else members["tags"])
        )

    async def list_tags(self, call: Call, members: Members) -> Members:
        """By name or ARN."""
        return {"tags": dict((await self._group(call.caller, _tagged(call.caller, members))).tags)}

    async def _tag(self, owner: Owner, members: Members, edit: TagEdit) -> Members:
        return await self._change(owner, _tagged(owner, members), lambda group: replace(group, tags=edit.applied(group.tags)))

    async def _group(self, owner: Owner, name: str) -> LogGroup:
        group = await self._logs.group(owner, name)
        if group is None:
            raise no_group()
        return group

    async def _change(self, owner: Owner, name: str, edit: Callable[[LogGroup], LogGroup]) -> Members:
        """One change after the other, so that none is lost."""
        async with self._changing:
            try:
                await self._logs.replace_group(owner, edit(await self._group(owner, name)))
            except KeyError as error:
                raise no_group() from error
        return _NOTHING

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)


def _tagged(owner: Owner, members: Members) -> str:
    """The name of the group whose tags are meant."""
    arn = members.get("resourceArn")
    return group_name(members) if arn is None else own_group(owner, arn)


def _shown_filter(group: str, given: SubscriptionFilter) -> Members:
    return {
        "filterName": given.name,
        "logGroupName": group,
        "filterPattern": given.pattern,
        "destinationArn": given.destination_arn,
        "creationTime": given.created_ms,
        **given.settings,
    }
