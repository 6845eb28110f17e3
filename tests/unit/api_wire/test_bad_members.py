"""Bad members are refused in AWS's words: wrong types, malformed JSON, broken constraints."""

import json

import pytest

CREATE = "/2015-03-31/functions"


def creation(**members) -> bytes:
    return json.dumps({"FunctionName": "f", "Role": "arn:aws:iam::000000000000:role/r", "Code": {}, **members}).encode()


def message(body: bytes) -> str:
    document = json.loads(body)
    return document.get("message") or document["Message"]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"Description": 5}, "NUMBER_VALUE can not be converted to a String"),
        ({"Description": True}, "TRUE_VALUE can not be converted to a String"),
        ({"Description": {}}, "Start of structure or map found where not expected."),
        ({"Description": []}, "Start of list found where not expected"),
        ({"Timeout": "3"}, "STRING_VALUE can not be converted to an Integer"),
        ({"Timeout": False}, "FALSE_VALUE can not be converted to an Integer"),
        ({"Timeout": 2**40}, "NUMBER_VALUE is out of the range of an Integer"),
        ({"Timeout": 1e400}, None),
        ({"Publish": "true"}, "STRING_VALUE can not be converted to a Boolean"),
        ({"Layers": "l"}, "Expected list or null"),
        ({"Layers": {}}, "Start of structure or map found where not expected."),
        ({"Code": "c"}, "Expected structure or null"),
        ({"Code": []}, "Start of list found where not expected"),
        ({"Code": {"ZipFile": "*"}}, "Unable to decode the value as base64"),
        ({"Code": {"ZipFile": "\u00e9"}}, "Unable to decode the value as base64"),
        ({"Code": {"ZipFile": 1}}, "NUMBER_VALUE can not be converted to a Blob"),
        ({"Tags": ["a"]}, "Start of list found where not expected"),
        ({"Tags": {"a": 1}}, "NUMBER_VALUE can not be converted to a String"),
        ({"Description": "\ud800"}, "A string has an unpaired surrogate in it"),
        ({"Tags": {"\ud800": "x"}}, "A string has an unpaired surrogate in it"),
    ],
)
async def test_a_wrong_type_is_a_serialization_fault(send, members, words) -> None:
    status, headers, body = await send("POST", CREATE, creation(**members))
    assert status == 400
    if words is not None:
        assert (headers["x-amzn-errortype"], message(body)) == ("SerializationException", words)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"true"])
async def test_a_body_that_is_no_object_is_a_serialization_fault(send, body) -> None:
    status, headers, _ = await send("POST", CREATE, body)
    assert (status, headers["x-amzn-errortype"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    "body",
    [b"{", b"{'a':1}", b'{"a":NaN}', b'{"a":1}x', b"\xff\xfe{\x00}\x00", b'{"a":"\n"}', b'{"a":01}', b"[" * 100_000, b'{"a":-}'],
)
async def test_a_body_that_is_not_json_is_told_where_it_goes_wrong(send, body) -> None:
    status, headers, reply = await send("POST", CREATE, body)
    assert (status, headers["x-amzn-errortype"]) == (400, "InvalidRequestContentException")
    assert message(reply).startswith("Could not parse request body into json: ")
    assert "at [Source: (byte[])" in message(reply)


async def test_an_integer_of_very_many_digits_is_out_of_range_not_a_failure(send) -> None:
    status, _, _ = await send("POST", CREATE, b'{"Timeout":' + b"9" * 100_000 + b"}")
    assert status == 400


async def test_an_integer_beyond_every_double_is_refused_where_a_double_is_asked_for(send) -> None:
    alias = {"Name": "a", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 10**400}}}
    status, headers, body = await send("POST", f"{CREATE}/f/aliases", json.dumps(alias).encode())
    assert (status, headers["x-amzn-errortype"]) == (400, "SerializationException")
    assert message(body) == "NUMBER_VALUE can not be converted to a Double"


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (
            {"MemorySize": 1},
            "Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
        ),
        (
            {"Timeout": 0},
            "Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            {"Description": "d" * 257},
            f"Value '{'d' * 257}' at 'description' failed to satisfy constraint: Member must have length less than or equal to 256",
        ),
        (
            {"PackageType": "Tar"},
            "Value 'Tar' at 'packageType' failed to satisfy constraint: Member must satisfy enum value set: [Zip, Image]",
        ),
        (
            {"Architectures": ["x"]},
            (
                "Value '[x]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: "
                "[Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
            ),
        ),
        (
            {"Environment": {"Variables": {"a-b": "secret"}}},
            (
                "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: "
                "[Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
            ),
        ),
        (
            {"KMSKeyArn": "k"},
            (
                "Value 'k' at 'kMSKeyArn' failed to satisfy constraint: Member must satisfy regular expression pattern: "
                "(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()"
            ),
        ),
        ({"EphemeralStorage": {}}, "Value null at 'ephemeralStorage.size' failed to satisfy constraint: Member must not be null"),
        (
            {"FileSystemConfigs": [{"LocalMountPath": "/mnt/a"}]},
            "Value null at 'fileSystemConfigs.1.member.arn' failed to satisfy constraint: Member must not be null",
        ),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
async def test_a_broken_constraint_is_told_in_awss_words(send, members, words) -> None:
    status, headers, body = await send("POST", CREATE, creation(**members))
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert message(body) == f"1 validation error detected: {words}"


async def test_a_bad_layer_shows_every_constraint_of_a_layer(send) -> None:
    _, _, body = await send("POST", CREATE, creation(Layers=["bad", "worse"]))
    words = message(body)
    assert words.startswith(
        "1 validation error detected: Value '[bad, worse]' at 'layers' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must have length less than or equal to 2048, Member must have length greater than or equal to 1, "
        "Member must satisfy regular expression pattern: ("
    )
    assert words.endswith(", Member must not be null]")


async def test_all_errors_are_told_at_once_and_in_the_same_order_every_time(send) -> None:
    replies = {(await send("POST", CREATE, b"{}"))[2] for _ in range(3)}
    assert {message(each) for each in replies} == {
        (
            "3 validation errors detected: Value null at 'functionName' failed to satisfy constraint: Member must not be null; "
            "Value null at 'role' failed to satisfy constraint: Member must not be null; "
            "Value null at 'code' failed to satisfy constraint: Member must not be null"
        )
    }


async def test_a_wrong_runtime_is_left_to_its_handler_which_has_lambdas_own_words_for_it(send) -> None:
    assert (await send("POST", CREATE, creation(Runtime="python9")))[0] == 201


async def test_an_endless_message_is_cut(send) -> None:
    _, _, body = await send("POST", CREATE, creation(Description="d" * 1_000_000))
    assert len(body) < 10_000


async def test_a_list_of_very_many_mistakes_is_cut(send) -> None:
    _, _, body = await send("POST", CREATE, creation(FileSystemConfigs=[{}] * 10_000))
    assert message(body).startswith("100 validation errors detected: ")
