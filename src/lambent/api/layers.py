"""Operations on layers: from wire members to use cases and back."""

from collections.abc import Mapping
from typing import Any

from lambent.api.call import Call, Handler, Members
from lambent.api.code_members import code_source
from lambent.api.function_wire import signing_members
from lambent.api.functions import Link
from lambent.api.paging import listed, requested_page
from lambent.api.timestamps import lambda_timestamp
from lambent.control.layers import LayerControl, LayerPublication
from lambent.core.layer import LayerKey, LayerVersion
from lambent.core.layer_rules import LayerFilter, layer_key


class LayerHandlers:
    """PublishLayerVersion to DeleteLayerVersion."""

    def __init__(self, layers: LayerControl, link: Link) -> None:
        self._layers = layers
        self._link = link

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {
            "PublishLayerVersion": self.publish,
            "GetLayerVersion": self.get,
            "GetLayerVersionByArn": self.get_by_arn,
            "ListLayers": self.list,
            "ListLayerVersions": self.list_versions,
            "DeleteLayerVersion": self.delete,
        }

    async def publish(self, call: Call, members: Members) -> Members:
        """201 with a new version at each call."""
        publication = LayerPublication(
            code=code_source(members["Content"]),
            description=members.get("Description", ""),
            license_info=members.get("LicenseInfo"),
            compatible_runtimes=tuple(members.get("CompatibleRuntimes", ())),
            compatible_architectures=tuple(members.get("CompatibleArchitectures", ())),
        )
        return self._with_content(call, await self._layers.publish(_key(call, members), publication, caller=call.caller))

    async def get(self, call: Call, members: Members) -> Members:
        """The version with its content."""
        layer = await self._layers.get(_key(call, members), members["VersionNumber"], caller=call.caller)
        return self._with_content(call, layer)

    async def get_by_arn(self, call: Call, members: Members) -> Members:
        """As GetLayerVersion, named by ARN."""
        return self._with_content(call, await self._layers.get_by_arn(members["Arn"], caller=call.caller))

    async def list(self, call: Call, members: Members) -> Members:
        """Each layer with its newest version that matches."""
        found, marker = await self._layers.list(call.caller, _filter(members), requested_page(members))
        items = [
            {"LayerName": each.key.name, "LayerArn": each.key.arn, "LatestMatchingVersion": _listed_version(each)}
            for each in found
        ]
        return listed("Layers", items, marker)

    async def list_versions(self, call: Call, members: Members) -> Members:
        """Newest first."""
        found, marker = await self._layers.list_versions(
            _key(call, members), _filter(members), requested_page(members), caller=call.caller
        )
        return listed("LayerVersions", [_listed_version(each) for each in found], marker)

    async def delete(self, call: Call, members: Members) -> Members:
        """204, also when there was no such version."""
        await self._layers.delete(_key(call, members), members["VersionNumber"], caller=call.caller)
        return {}

    def _with_content(self, call: Call, layer: LayerVersion) -> dict[str, Any]:
        package = layer.package
        return {
            **_listed_version(layer),
            "LayerArn": layer.key.arn,
            "Content": {
                "Location": self._link(call.endpoint, package.digest),
                "CodeSha256": package.sha256,
                "CodeSize": package.size,
                **signing_members(package),
            },
        }


def _listed_version(layer: LayerVersion) -> dict[str, Any]:
    members: dict[str, Any] = {
        "LayerVersionArn": layer.arn,
        "Version": layer.version,
        "Description": layer.description,
        "CreatedDate": lambda_timestamp(layer.created),
    }
    if layer.compatible_runtimes:
        members["CompatibleRuntimes"] = list(layer.compatible_runtimes)
    if layer.compatible_architectures:
        members["CompatibleArchitectures"] = list(layer.compatible_architectures)
    if layer.license_info is not None:
        members["LicenseInfo"] = layer.license_info
    return members


def _key(call: Call, members: Members) -> LayerKey:
    return layer_key(members["LayerName"], caller=call.caller)


def _filter(members: Members) -> LayerFilter:
    return LayerFilter(runtime=members.get("CompatibleRuntime"), architecture=members.get("CompatibleArchitecture"))
