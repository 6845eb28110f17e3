"""Evaluation of resource policies: principals, actions, resources, conditions, and what wins (facts G6)."""

import pytest

from lambent.core.function import FunctionKey, Owner
from lambent.core.policy import Access, Decision, decide, wildcard_match
from lambent.core.resource_policy import ResourcePolicy, function_target

TARGET = function_target(FunctionKey(owner=Owner(account="000000000000", region="us-east-1"), name="hello"), None)
STRANGER = "111111111111"
ACCESS = Access(account=STRANGER, action="lambda:InvokeFunction", resource=TARGET.arn)
ALLOW = {"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "lambda:InvokeFunction", "Resource": TARGET.arn}


def decided(*statements: dict) -> Decision:
    return decide(ResourcePolicy(target=TARGET, revision_id="r", statements=statements), ACCESS)


def without(member: str, **instead: object) -> dict:
    return {**{name: value for name, value in ALLOW.items() if name != member}, **instead}


def test_no_policy_is_silent() -> None:
    assert decide(None, ACCESS) is Decision.SILENT


def test_an_explicit_deny_wins_wherever_it_stands() -> None:
    deny = {**ALLOW, "Effect": "Deny"}
    assert decided(ALLOW) is Decision.ALLOWED
    assert decided(ALLOW, deny) is decided(deny, ALLOW) is Decision.DENIED


@pytest.mark.parametrize(
    ("principal", "decision"),
    [
        ("*", Decision.ALLOWED),
        ({"AWS": "*"}, Decision.ALLOWED),
        ({"AWS": f"arn:aws:iam::{STRANGER}:root"}, Decision.ALLOWED),
        ({"AWS": ["222222222222", STRANGER]}, Decision.ALLOWED),
        ({"AWS": "222222222222"}, Decision.SILENT),
        ({"AWS": f"arn:aws:iam::{STRANGER}:role/r"}, Decision.SILENT),
        ({"Service": "s3.amazonaws.com"}, Decision.SILENT),
        ({"Service": STRANGER}, Decision.SILENT),
        (STRANGER, Decision.SILENT),
        (None, Decision.SILENT),
        (7, Decision.SILENT),
    ],
)
def test_principals(principal: object, decision: Decision) -> None:
    assert decided({**ALLOW, "Principal": principal}) is decision


@pytest.mark.parametrize(
    ("statement", "decision"),
    [
        ({**ALLOW, "Action": "*"}, Decision.ALLOWED),
        ({**ALLOW, "Action": ["lambda:GetFunction", "LAMBDA:invoke*"]}, Decision.ALLOWED),
        ({**ALLOW, "Action": "lambda:InvokeFunctionUrl"}, Decision.SILENT),
        (without("Action", NotAction="lambda:GetFunction"), Decision.ALLOWED),
        (without("Action", NotAction="lambda:*"), Decision.SILENT),
        (without("Action"), Decision.SILENT),
        ({**ALLOW, "Resource": "arn:aws:lambda:*:*:function:hell?"}, Decision.ALLOWED),
        ({**ALLOW, "Resource": f"{TARGET.arn}:*"}, Decision.SILENT),
        ({**ALLOW, "Resource": TARGET.arn.upper()}, Decision.SILENT),
        (without("Resource", NotResource=TARGET.arn), Decision.SILENT),
        (without("Principal", NotPrincipal={"AWS": STRANGER}), Decision.SILENT),
        (without("Principal", NotPrincipal={"AWS": "222222222222"}), Decision.ALLOWED),
        ({}, Decision.SILENT),
    ],
)
def test_actions_and_resources(statement: dict, decision: Decision) -> None:
    assert decided(statement) is decision


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"aws:PrincipalAccount": STRANGER}}, True),
        ({"StringEquals": {"AWS:principalaccount": ["x", STRANGER]}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": "x"}}, False),
        ({"StringNotEquals": {"aws:PrincipalAccount": STRANGER}}, False),
        ({"StringNotEquals": {"aws:PrincipalAccount": "x"}}, True),
        ({"StringLike": {"aws:PrincipalAccount": "1111*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}, True),
        ({"ArnLike": {"AWS:SourceArn": "*"}}, False),
        ({"ArnLikeIfExists": {"AWS:SourceArn": "arn:x"}}, True),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}, False),
        ({"Null": {"aws:PrincipalOrgID": "true"}}, True),
        ({"Null": {"aws:PrincipalAccount": True}}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}, False),
        ({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": STRANGER}, "Null": {"aws:SourceArn": "false"}}, False),
        ({}, True),
    ],
)
def test_conditions(condition: dict, holds: bool) -> None:
    assert (decided({**ALLOW, "Condition": condition}) is Decision.ALLOWED) is holds
    assert (decided({**ALLOW, "Effect": "Deny", "Condition": condition}) is Decision.DENIED) is holds


@pytest.mark.parametrize("condition", [{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"Made": {"up": 1}}, "text", {"Bool": 3}])
def test_what_cannot_be_decided_lets_nobody_in_and_keeps_everybody_out(condition: object) -> None:
    assert decided({**ALLOW, "Condition": condition}) is Decision.SILENT
    if condition != {"Bool": 3}:
        assert decided({**ALLOW, "Effect": "Deny", "Condition": condition}) is Decision.DENIED


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", "", True),
        ("a*c*e", "abcde", True),
        ("a*c*e", "abcdef", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("**a**", "bab", True),
        ("*ab", "aab", True),
        ("*ab*ab", "abab", True),
        ("*ab*ab", "ab", False),
        ("a*\n", "a\n\n", True),
        ("[a]*", "[a]x", True),
    ],
)
def test_wildcards(pattern: str, text: str, matches: bool) -> None:
    assert wildcard_match(pattern, text) is matches


def test_no_pattern_takes_long_to_fail() -> None:
    assert not wildcard_match("*a" * 500 + "b", "a" * 20_000)  # a naive pattern would outlive the universe
