"""Operations on code signing configurations, and on those of functions: from wire members to use cases and back."""

from collections.abc import Mapping
from typing import Any

from lambent.api.call import Call, Handler, Members
from lambent.api.paging import listed, requested_page
from lambent.api.timestamps import lambda_timestamp
from lambent.control.code_signing import CodeSigningControl, CodeSigningEdit
from lambent.core.addressing import whole_function
from lambent.core.code_signing_config import CodeSigningConfig, UntrustedArtifact
from lambent.core.function import FunctionKey

_PAGE_SIZE = 10_000
"""Service model, ListCodeSigningConfigs."""


class CodeSigningHandlers:
    """CreateCodeSigningConfig to ListFunctionsByCodeSigningConfig, and those of a function."""

    def __init__(self, configs: CodeSigningControl) -> None:
        self._configs = configs

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {
            "CreateCodeSigningConfig": self.create,
            "GetCodeSigningConfig": self.get,
            "UpdateCodeSigningConfig": self.update,
            "DeleteCodeSigningConfig": self.delete,
            "ListCodeSigningConfigs": self.list,
            "ListFunctionsByCodeSigningConfig": self.list_functions,
            "PutFunctionCodeSigningConfig": self.put_on_function,
            "GetFunctionCodeSigningConfig": self.get_of_function,
            "DeleteFunctionCodeSigningConfig": self.delete_of_function,
        }

    async def create(self, call: Call, members: Members) -> Members:
        """201."""
        return {"CodeSigningConfig": _config_members(await self._configs.create(call.caller, _edit(members)))}

    async def get(self, call: Call, members: Members) -> Members:
        """The configuration, without its tags."""
        return {"CodeSigningConfig": _config_members(await self._configs.get(_arn(members), caller=call.caller))}

    async def update(self, call: Call, members: Members) -> Members:
        """Members that are left out keep their values."""
        config = await self._configs.update(_arn(members), _edit(members), caller=call.caller)
        return {"CodeSigningConfig": _config_members(config)}

    async def delete(self, call: Call, members: Members) -> Members:
        """204."""
        await self._configs.delete(_arn(members), caller=call.caller)
        return {}

    async def list(self, call: Call, members: Members) -> Members:
        """By identifier."""
        found, marker = await self._configs.list(call.caller, requested_page(members, most=_PAGE_SIZE))
        return listed("CodeSigningConfigs", [_config_members(each) for each in found], marker)

    async def list_functions(self, call: Call, members: Members) -> Members:
        """Unqualified ARNs: a configuration is the whole function's."""
        page = requested_page(members, most=_PAGE_SIZE)
        found, marker = await self._configs.functions(_arn(members), page, caller=call.caller)
        arns: list[Any] = [each.arn for each in found]
        return listed("FunctionArns", arns, marker)

    async def put_on_function(self, call: Call, members: Members) -> Members:
        """Echoes both names."""
        key = _function(call, members)
        config = await self._configs.put_on_function(key, _arn(members))
        return {"CodeSigningConfigArn": config.arn, "FunctionName": key.name}

    async def get_of_function(self, call: Call, members: Members) -> Members:
        """An empty ARN for a function without a configuration (facts G4)."""
        key = _function(call, members)
        config = await self._configs.of_function(key)
        return {"CodeSigningConfigArn": "" if config is None else config.arn, "FunctionName": key.name}

    async def delete_of_function(self, call: Call, members: Members) -> Members:
        """204, also when the function had none."""
        await self._configs.remove_from_function(_function(call, members))
        return {}


def _edit(members: Members) -> CodeSigningEdit:
    publishers = members.get("AllowedPublishers", {}).get("SigningProfileVersionArns")
    policy = members.get("CodeSigningPolicies", {}).get("UntrustedArtifactOnDeployment")
    return CodeSigningEdit(
        allowed_publishers=None if publishers is None else tuple(publishers),
        untrusted_artifact=None if policy is None else UntrustedArtifact(policy),
        description=members.get("Description"),
        tags=dict(members.get("Tags", {})),
    )


def _config_members(config: CodeSigningConfig) -> dict[str, Any]:
    description = {} if config.description is None else {"Description": config.description}
    return {
        "CodeSigningConfigId": config.key.identifier,
        "CodeSigningConfigArn": config.key.arn,
        **description,
        "AllowedPublishers": {"SigningProfileVersionArns": list(config.allowed_publishers)},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": config.untrusted_artifact.value},
        "LastModified": lambda_timestamp(config.last_modified),
    }


def _arn(members: Members) -> str:
    arn: str = members["CodeSigningConfigArn"]
    return arn


def _function(call: Call, members: Members) -> FunctionKey:
    return whole_function(members["FunctionName"], caller=call.caller, action=call.operation)
