"""Operations on function URL configs: from wire members to use cases and back."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from lambent.api.call import Call, Handler, Members
from lambent.api.paging import listed, requested_page
from lambent.api.timestamps import lambda_timestamp
from lambent.control.function_urls import FunctionUrlControl
from lambent.core.addressing import local_function, whole_function
from lambent.core.function_url import AuthType, FunctionUrl, FunctionUrlEdit, InvokeMode
from lambent.core.names import FunctionReference


class FunctionUrlHandlers:
    """CreateFunctionUrlConfig to ListFunctionUrlConfigs."""

    def __init__(self, urls: FunctionUrlControl) -> None:
        self._urls = urls

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {
            "CreateFunctionUrlConfig": self.create,
            "UpdateFunctionUrlConfig": self.update,
            "GetFunctionUrlConfig": self.get,
            "DeleteFunctionUrlConfig": self.delete,
            "ListFunctionUrlConfigs": self.list,
        }

    async def create(self, call: Call, members: Members) -> Members:
        """201; the only reply without LastModifiedTime."""
        shown = _url_members(call, await self._urls.create(_reference(call, members), _edit(members)))
        del shown["LastModifiedTime"]
        return shown

    async def update(self, call: Call, members: Members) -> Members:
        """Members that are left out keep their values."""
        return _url_members(call, await self._urls.update(_reference(call, members), _edit(members)))

    async def get(self, call: Call, members: Members) -> Members:
        """The config of the function itself or of one alias."""
        return _url_members(call, await self._urls.get(_reference(call, members)))

    async def delete(self, call: Call, members: Members) -> Members:
        """204; 404 when there was none."""
        await self._urls.delete(_reference(call, members))
        return {}

    async def list(self, call: Call, members: Members) -> Members:
        """The configs of the function itself and of its aliases."""
        key = whole_function(members["FunctionName"], caller=call.caller, action=call.operation)
        found, marker = await self._urls.list(key, requested_page(members))
        return listed("FunctionUrlConfigs", [_url_members(call, each) for each in found], marker)


def function_url(url: FunctionUrl, endpoint: str) -> str:
    """Where the function is to be reached: a name under that of this server, since nobody but AWS can serve `on.aws`.

    `endpoint` is the server's base URL; names under `localhost` stand for a server that is known by its address only.
    """
    parts = urlsplit(endpoint)
    try:
        ip_address(parts.hostname or "")
        host = "localhost"
    except ValueError:
        host = parts.hostname or "localhost"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{url.url_id}.lambda-url.{url.key.owner.region}.{host}{port}/"


def _url_members(call: Call, url: FunctionUrl) -> dict[str, Any]:
    """The shape FunctionUrlConfig."""
    members: dict[str, Any] = {
        "FunctionUrl": function_url(url, call.endpoint),
        "FunctionArn": url.arn,
        "AuthType": url.auth_type.value,
        "CreationTime": lambda_timestamp(url.created),
        "LastModifiedTime": lambda_timestamp(url.modified),
        "InvokeMode": url.invoke_mode.value,
    }
    return members if url.cors is None else {**members, "Cors": dict(url.cors)}


def _reference(call: Call, members: Members) -> FunctionReference:
    return local_function(members["FunctionName"], caller=call.caller, action=call.operation, qualifier=members.get("Qualifier"))


def _edit(members: Members) -> FunctionUrlEdit:
    return FunctionUrlEdit(
        auth_type=AuthType(members["AuthType"]) if "AuthType" in members else None,
        cors=members.get("Cors"),
        invoke_mode=InvokeMode(members["InvokeMode"]) if "InvokeMode" in members else None,
    )
