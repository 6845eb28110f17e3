"""CloudWatch Logs filter patterns mean what AWS's page on their syntax says."""

import pytest

from lambent.core.errors import InvalidParameterValue
from lambent.core.log_pattern import log_filter

RECORD = (
    '{"level": "ERROR", "code": 404, "items": [{"price": 3.5}, {"price": 1}], "user": {"a.b": "x", "gone": null}, "ok": true}'
)
LINE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
WEB = "[ip, server, username, timestamp, request, status_code{}, bytes{}]"


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("ERROR", "an ERROR here", True),
        ("ERROR", "an error here", False),
        ("a b", "b then a", True),
        ("a b", "only a", False),
        ('"a b"', "b a b", True),
        ('"a b"', "b a", False),
        ("?x ?y", "has y", True),
        ("?x ?y", "has z", False),
        ("a -b", "a only", True),
        ("a -b", "a and b", False),
        ('-"not this"', "not that", True),
        (r'"say \"hi\""', 'say "hi"', True),
        ("%ERR[A-Z]+% -no", "ERRORS", True),
        ("%^ERR% ", "an ERR", False),
        ("-%x+%", "axxb", False),
    ],
)
def test_terms(pattern: str, message: str, matches: bool) -> None:
    assert log_filter(pattern)(message) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.level = "ERROR" }', True),
        ("{ $.level = ERROR }", True),
        ('{$.level="E*R"}', True),
        ('{ $.level = "error" }', False),
        ('{ $.level != "ERROR" }', False),
        ("{ $.level = %^ERR% }", True),
        ("{ $.level = %^rr% }", False),
        ("{ $.code = 404 }", True),
        ("{ $.code = 4.04e2 }", True),
        ("{ $.code = 4* }", True),
        ("{ $.code > 403 }", True),
        ("{ $.code >= 405 }", False),
        ("{ $.level > 3 }", False),
        ("{ $.items[0].price > 3 }", True),
        ("{ $.items[1].price > 3 }", False),
        ("{ $.items[*].price > 3 }", True),
        ("{ $.items[9].price > 0 }", False),
        ("{ $.user['a.b'] = x }", True),
        ('{ $.["level"] = ERROR }', True),
        ("{ $.user.gone IS NULL }", True),
        ("{ $.level IS NULL }", False),
        ("{ $.ok IS TRUE }", True),
        ("{ $.ok IS FALSE }", False),
        ("{ $.nothing NOT EXISTS }", True),
        ("{ $.user.gone NOT EXISTS }", False),
        ("{ $.nothing = 1 }", False),
        ("{ $.nothing != 1 }", False),
        ("{ ($.code = 404) && ($.ok IS TRUE) }", True),
        ("{ $.code = 1 || $.code = 404 && $.ok IS FALSE }", False),
        ("{ ($.code = 404 || $.code = 1) && $.level = ERROR }", True),
    ],
)
def test_json(pattern: str, matches: bool) -> None:
    assert log_filter(pattern)(RECORD) is matches
    assert not log_filter(pattern)("no JSON")
    assert not log_filter(pattern)("7")


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (WEB.format("", ""), True),
        (WEB.format(" = 4*", ""), True),
        (WEB.format(" = 404 || status_code = 410", " > 1000"), True),
        (WEB.format(" = 5*", ""), False),
        (WEB.format(" = %4[0-9]{2}%", " < 1000"), False),
        ("[ip, server, username, timestamp, request = *html*, status_code, bytes]", True),
        ("[ip, server, username, timestamp, request != *html*, status_code, bytes]", False),
        ("[..., status_code = 404, bytes]", True),
        ("[ip = %127%, ..., bytes >= 1534]", True),
        ("[ip, ...]", True),
        ("[ip, server]", False),
        ("[, , name = frank, ...]", True),
        ('[ip, ..., request="GET /index.html HTTP/1.0", status_code, bytes]', True),
    ],
)
def test_fields(pattern: str, matches: bool) -> None:
    assert log_filter(pattern)(LINE) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "[x",
            "{x",
            "{ $.a }",
            "{ $.a = }",
            "{ a = 1 }",
            "{ $.a = 1 && }",
            "{ ($.a = 1 }",
            "{ $.a ~ 1 }",
            "{ $.a > x }",
            "{}",
            "{ $.a IS 1 }",
        ),
        *("{ $.a NOT NULL }", "{ $.a[ = 1 }", "{ $.a = 1 ) }", "{ " + "(" * 50 + "$.a = 1" + ")" * 50 + " }", '{ $.a = "open }'),
        *("[..., ...]", "[a = ]", "[a ~ 1]", "[1x = 1]", "[a = 1 &&]", '"open', 'a"b"', "%(a)%", "%[%", r"{ $.a = %(x+)+% }"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidParameterValue, match="Invalid filter pattern"):
        log_filter(pattern)
