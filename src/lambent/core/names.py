"""Function names, ARNs and qualifiers: the forms that Lambda takes, read into one value (facts A4)."""

import re
from dataclasses import dataclass

from lambent.core.errors import InvalidParameterValue
from lambent.core.function import FunctionKey, Owner

_REFERENCE = re.compile(
    r"(?:arn:(?P<partition>aws[a-zA-Z-]*):lambda:(?P<region>[a-z0-9-]+):)?"
    r"(?:(?P<account>\d{12}):)?(?P<word>function:)?"
    r"(?P<name>[a-zA-Z0-9-_.]+)(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionReference:
    """A function as a request names it."""

    key: FunctionKey
    qualifier: str | None = None
    """`$LATEST`, a number or an alias, as given; None when the request gave none."""

    @property
    def arn(self) -> str:
        """Exactly as invoked: qualified only when the caller gave a qualifier."""
        return self.key.arn if self.qualifier is None else self.key.qualified_arn(self.qualifier)


def function_reference(text: str, *, caller: Owner, qualifier: str | None = None) -> FunctionReference:
    """Read a name, a partial ARN (`123456789012:function:name`) or an ARN, each with or without `:qualifier`.

    `caller` completes what the text leaves out; `qualifier` is the query parameter. Raises InvalidParameterValue when the
    text has none of these forms, or when the two qualifiers differ.
    """
    match = _REFERENCE.fullmatch(text)
    if match is None or (match["partition"] and not match["account"]) or (match["account"] and not match["word"]):
        raise InvalidParameterValue(f"Invalid Lambda function name or ARN: {text}")
    owner = Owner(account=match["account"] or caller.account, region=match["region"] or caller.region)
    derived = match["qualifier"]
    if derived and qualifier and derived != qualifier:
        raise InvalidParameterValue(
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    return FunctionReference(key=FunctionKey(owner=owner, name=match["name"]), qualifier=qualifier or derived)


def is_version_number(qualifier: str) -> bool:
    """Whether the qualifier names a published version; an alias never is all digits."""
    return qualifier.isascii() and qualifier.isdecimal()
