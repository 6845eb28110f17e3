"""Operations on resource policies of functions and layer versions: from wire members to use cases and back."""

from collections.abc import Mapping

from lambent.api.call import Call, Handler, Members
from lambent.control.policies import PolicyControl
from lambent.core.addressing import local_function
from lambent.core.errors import ResourceNotFound
from lambent.core.layer import LayerKey
from lambent.core.layer_rules import check_version_number, layer_key, refuse_other_layer_owner
from lambent.core.names import FunctionReference
from lambent.core.policy_rules import Grant
from lambent.core.resource_policy import compact


class PolicyHandlers:
    """AddPermission to GetPolicy, the resource policy operations, and the permissions of layer versions."""

    def __init__(self, policies: PolicyControl) -> None:
        self._policies = policies

    def handlers(self) -> Mapping[str, Handler]:
        """By operation name."""
        return {
            "AddPermission": self.add,
            "RemovePermission": self.remove,
            "GetPolicy": self.get,
            "PutResourcePolicy": self.put_document,
            "GetResourcePolicy": self.get_document,
            "DeleteResourcePolicy": self.delete_document,
            "AddLayerVersionPermission": self.add_of_layer,
            "RemoveLayerVersionPermission": self.remove_of_layer,
            "GetLayerVersionPolicy": self.get_of_layer,
        }

    async def add(self, call: Call, members: Members) -> Members:
        """201 with the statement as JSON text."""
        target = await self._policies.writable_function(_reference(call, members))
        grant = Grant(
            statement_id=members["StatementId"],
            action=members["Action"],
            principal=members["Principal"],
            source_arn=members.get("SourceArn"),
            source_account=members.get("SourceAccount"),
            organization=members.get("PrincipalOrgID"),
            event_source_token=members.get("EventSourceToken"),
            function_url_auth_type=members.get("FunctionUrlAuthType"),
            invoked_via_function_url=members.get("InvokedViaFunctionUrl"),
        )
        statement, _ = await self._policies.add(target, grant, revision_id=members.get("RevisionId"))
        return {"Statement": compact(statement)}

    async def remove(self, call: Call, members: Members) -> Members:
        """204."""
        target = await self._policies.function(_reference(call, members))
        await self._policies.remove(target, members["StatementId"], revision_id=members.get("RevisionId"))
        return {}

    async def get(self, call: Call, members: Members) -> Members:
        """The document as JSON text."""
        policy = await self._policies.get(await self._policies.function(_reference(call, members)))
        return {"Policy": policy.text, "RevisionId": policy.revision_id}

    async def put_document(self, call: Call, members: Members) -> Members:
        """The document as it was stored: compact."""
        target = await self._policies.writable_function(_resource(call, members))
        policy = await self._policies.put(target, members["Policy"], revision_id=members.get("RevisionId"))
        return {"Policy": policy.text, "RevisionId": policy.revision_id}

    async def get_document(self, call: Call, members: Members) -> Members:
        """As GetPolicy, named by ARN."""
        policy = await self._policies.get(await self._policies.function(_resource(call, members)))
        return {"Policy": policy.text, "RevisionId": policy.revision_id}

    async def delete_document(self, call: Call, members: Members) -> Members:
        """204."""
        target = await self._policies.function(_resource(call, members))
        await self._policies.delete(target, revision_id=members.get("RevisionId"))
        return {}

    async def add_of_layer(self, call: Call, members: Members) -> Members:
        """201 with the statement as JSON text and the policy's RevisionId."""
        target = await self._policies.layer(_layer(call, members), members["VersionNumber"])
        grant = Grant(
            statement_id=members["StatementId"],
            action=members["Action"],
            principal=members["Principal"],
            organization=members.get("OrganizationId"),
        )
        statement, policy = await self._policies.add(target, grant, revision_id=members.get("RevisionId"))
        return {"Statement": compact(statement), "RevisionId": policy.revision_id}

    async def remove_of_layer(self, call: Call, members: Members) -> Members:
        """204."""
        target = await self._policies.layer(_layer(call, members), members["VersionNumber"])
        await self._policies.remove(target, members["StatementId"], revision_id=members.get("RevisionId"))
        return {}

    async def get_of_layer(self, call: Call, members: Members) -> Members:
        """The document as JSON text."""
        target = await self._policies.layer(_layer(call, members), members["VersionNumber"])
        policy = await self._policies.get(target)
        return {"Policy": policy.text, "RevisionId": policy.revision_id}


def _reference(call: Call, members: Members) -> FunctionReference:
    return local_function(members["FunctionName"], caller=call.caller, action=call.operation, qualifier=members.get("Qualifier"))


def _resource(call: Call, members: Members) -> FunctionReference:
    arn = members["ResourceArn"]
    if ":function:" not in arn:  # a customer-managed runtime: there are none here
        raise ResourceNotFound("The resource you requested does not exist.")
    return local_function(arn, caller=call.caller, action=call.operation)


def _layer(call: Call, members: Members) -> LayerKey:
    key = layer_key(members["LayerName"], caller=call.caller)
    version = members["VersionNumber"]
    check_version_number(version)
    refuse_other_layer_owner(key, call.caller, call.operation, key.version_arn(version))
    return key
