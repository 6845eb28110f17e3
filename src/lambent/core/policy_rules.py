"""Writing resource policies: statements as AddPermission makes them, whole documents as they may be put (facts G6, G1)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lambent.core.errors import InvalidParameterValue, PolicyLengthExceeded, ResourceConflict, ResourceNotFound
from lambent.core.policy import OPERATORS, listed, wildcard_match
from lambent.core.resource_policy import PolicyTarget, ResourcePolicy, Statement, compact

POLICY_CHARACTERS = 20_480
_SERVICE = re.compile(r"[\w-]+(\.[\w-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)")
_IDENTITY = re.compile(r"arn:aws[\w-]*:(iam|sts)::\d{12}:.+")
_LANGUAGES = ("2012-10-17", "2008-10-17")
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_UNDECIDED = re.compile(
    r"(Numeric(Not)?Equals|(Numeric|Date)(Less|Greater)Than(Equals)?|Date(Not)?Equals|(Not)?IpAddress|BinaryEquals)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What AddPermission and AddLayerVersionPermission are given."""

    statement_id: str
    action: str
    principal: str
    """`*`, an account, an ARN of an account, user or role, or a service such as `s3.amazonaws.com`."""
    source_arn: str | None = None
    source_account: str | None = None
    organization: str | None = None
    event_source_token: str | None = None
    function_url_auth_type: str | None = None
    invoked_via_function_url: bool | None = None


def statement_of(grant: Grant, target: PolicyTarget) -> Statement:
    """The statement, its members in Lambda's order. Raises InvalidParameterValue."""
    _check_url_conditions(grant)
    statement: dict[str, object] = {
        "Sid": grant.statement_id,
        "Effect": "Allow",
        "Principal": _principal(grant.principal),
        "Action": grant.action,
        "Resource": target.arn,
    }
    conditions = _conditions(grant)
    return {**statement, "Condition": conditions} if conditions else statement


def with_statement(policy: ResourcePolicy, statement: Statement, *, revision_id: str) -> ResourcePolicy:
    """The policy with one statement more. Raises ResourceConflict (its id is taken), PolicyLengthExceeded."""
    if any(each.get("Sid") == statement["Sid"] for each in policy.statements):
        raise ResourceConflict(
            f"The statement id ({statement['Sid']}) provided already exists. "
            "Please provide a new statement id, or remove the existing statement."
        )
    return _measured(replace(policy, statements=(*policy.statements, statement), revision_id=revision_id))


def without_statement(policy: ResourcePolicy, statement_id: str, *, revision_id: str) -> ResourcePolicy:
    """The policy with one statement less, which may leave none. Raises ResourceNotFound."""
    kept = tuple(each for each in policy.statements if each.get("Sid") != statement_id)
    if len(kept) == len(policy.statements):
        raise ResourceNotFound(f"Statement {statement_id} is not found in resource policy.")
    return replace(policy, statements=kept, revision_id=revision_id)


def policy_of_document(text: str, target: PolicyTarget, *, revision_id: str) -> ResourcePolicy:
    """A whole document, as PutResourcePolicy is given it. Raises InvalidParameterValue, PolicyLengthExceeded."""
    document = _parsed(text)
    if not isinstance(document, dict) or document.keys() - {"Version", "Id", "Statement"}:
        raise _malformed("it must be an object of Version, Id and Statement")
    if document.get("Version", "2008-10-17") not in _LANGUAGES or not isinstance(document.get("Id"), str | None):
        raise _malformed(f"Version must be one of {', '.join(_LANGUAGES)}, and Id a string")
    statements = listed(document.get("Statement", ()))
    if not statements:
        raise _malformed("it has no Statement")
    read = tuple(_checked(each, target) for each in statements)
    names = [each["Sid"] for each in read if "Sid" in each]
    if len(set(names)) != len(names):
        raise _malformed("every Sid must be unique")
    return _measured(
        ResourcePolicy(
            target=target,
            revision_id=revision_id,
            statements=read,
            identifier=document.get("Id"),
            language=document.get("Version", "2008-10-17"),
        )
    )


def _parsed(text: str) -> object:
    try:
        document = json.loads(text)
        compact(document).encode()  # no infinite numbers, no half characters
    except (ValueError, RecursionError) as error:
        raise _malformed("it is not JSON") from error
    return document


def _checked(statement: object, target: PolicyTarget) -> Statement:
    if not isinstance(statement, dict) or statement.keys() - _ELEMENTS:
        raise _malformed("a statement must be an object of the policy language's elements")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise _malformed("Effect must be Allow or Deny")
    if not isinstance(statement.get("Sid", ""), str):
        raise _malformed("Sid must be a string")
    for element in ("Principal", "Action", "Resource"):
        if (element in statement) == (f"Not{element}" in statement):
            raise _malformed(f"a statement must have either {element} or Not{element}")
    for element in ("Action", "NotAction", "Resource", "NotResource"):
        _check_texts(element, statement.get(element, ""))
    for element in ("Principal", "NotPrincipal"):
        _check_principal(statement.get(element, "*"))
    if not any(wildcard_match(each, target.arn) for each in _texts(statement.get("Resource", "*"))):
        raise _malformed(f"Resource must be {target.arn}")
    _check_conditions(statement.get("Condition", {}))
    return statement


def _check_texts(element: str, given: object) -> None:
    if not _texts(given):
        raise _malformed(f"{element} must be a string or a list of them")


def _texts(given: object) -> Sequence[str]:
    """All of them, or none if one is no string."""
    texts = [each for each in listed(given) if isinstance(each, str)]
    return texts if len(texts) == len(listed(given)) else ()


def _check_principal(given: object) -> None:
    named = isinstance(given, Mapping) and given and given.keys() <= {"AWS", "Service", "Federated", "CanonicalUser"}
    if given != "*" and not (named and isinstance(given, Mapping) and all(_texts(each) for each in given.values())):
        raise _malformed("Principal must be * or an object of AWS, Service or Federated")


def _check_conditions(given: object) -> None:
    if not isinstance(given, dict):
        raise _malformed("Condition must be an object")
    for operator, keys in given.items():
        bare = operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:").removesuffix("IfExists")
        if bare not in OPERATORS and bare != "Null" and not _UNDECIDED.fullmatch(bare):
            raise _malformed(f"there is no condition operator {operator}")
        values = keys.values() if isinstance(keys, dict) else [None]
        if not all(isinstance(each, str | bool | int | float) for value in values for each in listed(value)):
            raise _malformed("a condition must have keys with values")


def _check_url_conditions(grant: Grant) -> None:
    if grant.function_url_auth_type is not None and grant.action != "lambda:InvokeFunctionUrl":
        raise InvalidParameterValue("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
    if grant.invoked_via_function_url is not None and grant.action != "lambda:InvokeFunction":
        raise InvalidParameterValue("InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action")


def _principal(given: str) -> object:
    """Accounts are written as the ARN of the account."""
    if given == "*":
        return "*"
    if re.fullmatch(r"[0-9]{12}", given):
        return {"AWS": f"arn:aws:iam::{given}:root"}
    if _IDENTITY.fullmatch(given):
        return {"AWS": given}
    if _SERVICE.fullmatch(given):
        return {"Service": given}
    raise InvalidParameterValue("The provided principal was invalid. Please check the principal and try again.")


def _conditions(grant: Grant) -> Mapping[str, object]:
    equals = {
        "AWS:SourceAccount": grant.source_account,
        "aws:PrincipalOrgID": grant.organization,
        "lambda:EventSourceToken": grant.event_source_token,
        "lambda:FunctionUrlAuthType": grant.function_url_auth_type,
    }
    conditions: dict[str, object] = {}
    if any(equals.values()):
        conditions["StringEquals"] = {key: value for key, value in equals.items() if value}
    if grant.source_arn:
        conditions["ArnLike"] = {"AWS:SourceArn": grant.source_arn}
    if grant.invoked_via_function_url is not None:
        conditions["Bool"] = {"lambda:InvokedViaFunctionUrl": str(grant.invoked_via_function_url).lower()}
    return conditions


def _measured(policy: ResourcePolicy) -> ResourcePolicy:
    size = len(policy.text)
    if size > POLICY_CHARACTERS:
        raise PolicyLengthExceeded(f"The final policy size ({size}) is bigger than the limit ({POLICY_CHARACTERS}).")
    return policy


def _malformed(why: str) -> InvalidParameterValue:
    return InvalidParameterValue(f"The resource policy is not valid: {why}.")
