"""The Ruby client on every Ruby of this machine: handler forms, context, results, error documents and exits of aws_lambda_ric."""

import json
from collections.abc import Callable

import pytest
from harness import Client

SIX_MEBIBYTES = 6 * 1024 * 1024
LARGEST = SIX_MEBIBYTES + 100
ECHO = "def handler(event:, context:) = event"
INVALID = (
    'Invalid handler ["%s"], must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where FILENAME corresponds with an existing Ruby '
    "source file FILENAME.rb, CLASS is an optional module/class namespace and METHOD is a callable method. If using CLASS, METHOD must "
    "be a class-level method."
)


@pytest.mark.parametrize(
    ("file", "source", "handler"),
    [
        ("app.rb", "def handler(event:, context:) = 'top'", "app.handler"),
        ("lib/deep/app.rb", "def go(event:, context:) = 'top'", "lib/deep/app.go"),
        ("app.rb", "class Shop\n  def self.sell(event:, context:) = 'top'\nend", "app.Shop.sell"),
        ("app.rb", "module A; module B; class C; def self.x(event:, context:) = 'top'; end; end; end", "app.A::B::C.x"),
        ("app.rb", "def handler(event:, **) = 'top'", "app.handler"),
        ("app.rb", "require 'helper'\ndef handler(event:, context:) = HELPED", "app.handler"),
    ],
)
def test_a_handler_is_a_method_of_a_file_or_of_a_class_in_it(
    run_ruby: Callable[..., Client], file: str, source: str, handler: str
) -> None:
    client = run_ruby({file: source, "helper.rb": "HELPED = 'top'"}, handler).start()
    assert client.invoke({}).body == b'"top"'


@pytest.mark.parametrize("event", [None, True, 1.5, "text", [1, {"a": None}], {"k": "\N{GRINNING FACE}", "n": 10**30}])
def test_an_event_comes_as_ruby_values_and_goes_back_as_json(run_ruby: Callable[..., Client], event: object) -> None:
    assert run_ruby(ECHO).start().invoke(event).document == event


def test_the_context_has_lambdas_members(run_ruby: Callable[..., Client]) -> None:
    source = """
def handler(event:, context:)
  names = %i[aws_request_id invoked_function_arn log_group_name log_stream_name function_name memory_limit_in_mb function_version
             identity client_context deadline_ms tenant_id]
  names.to_h { |name| [name, context.send(name)] }.merge(left: context.get_remaining_time_in_millis, trace: ENV['_X_AMZN_TRACE_ID'],
                                                        kind: context.class.name)
end
"""
    client = run_ruby(source).start()
    seen = client.invoke(
        request_id="a" * 36,
        client_context='{"custom": {"a": 1}}',
        identity='{"cognitoIdentityId": "i"}',
        tenant="t",
        trace="Root=1-2",
    ).document
    left, deadline = seen.pop("left"), seen.pop("deadline_ms")
    assert 0 < left <= 60_000
    assert deadline > 1_700_000_000_000
    assert seen == {
        "aws_request_id": "a" * 36,
        "invoked_function_arn": "arn:aws:lambda:eu-west-1:000000000000:function:greeter",
        "log_group_name": "/aws/lambda/greeter",
        "log_stream_name": "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef",
        "function_name": "greeter",
        "memory_limit_in_mb": "128",
        "function_version": "$LATEST",
        "identity": {"cognitoIdentityId": "i"},
        "client_context": {"custom": {"a": 1}},
        "tenant_id": "t",
        "trace": "Root=1-2",
        "kind": "LambdaContext",
    }
    bare = client.invoke(trace="").document
    assert [bare[name] for name in ("identity", "client_context", "tenant_id", "trace")] == [None] * 4


def test_time_that_is_over_is_no_time(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby("def handler(event:, context:) = context.get_remaining_time_in_millis").start()
    assert client.invoke(deadline="1").body == b"0"


def test_a_standard_error_is_a_document_and_the_process_goes_on(run_ruby: Callable[..., Client]) -> None:
    source = """
class Own < StandardError; end
def handler(event:, context:)
  raise Own, 'of my own' if event == 1
  raise ArgumentError, 'bad'
end
"""
    client = run_ruby(source).start()
    answer = client.invoke(1)
    assert (answer.kind, answer.error_type) == ("E", "Function<UserException>")
    assert list(answer.document) == ["errorMessage", "errorType", "stackTrace"]
    assert answer.document["errorMessage"] == "of my own"
    assert answer.document["errorType"] == "Function<Own>"
    assert [frame.rpartition("/")[2].replace("Object#", "") for frame in answer.document["stackTrace"]] in (
        ["app.rb:4:in `handler'"],
        ["app.rb:4:in 'handler'"],
    )
    assert client.invoke(2).error_type == "Function<ArgumentError>"


@pytest.mark.parametrize(
    ("statement", "error_type", "reported"),
    [
        ("missing_name", "Function<NameError>", "Function<NameError>"),
        ("nil.missing", "Function<NoMethodError>", "Function<NoMethodError>"),
        ("exit 7", "Function<SystemExit>", "Function<SystemExit>"),
        ("raise NotImplementedError, 'x'", "Function<NotImplementedError>", "Function<UserException>"),
        ("def again = again() + 1; again", "Function<SystemStackError>", "Function<SystemStackError>"),
    ],
)
def test_what_is_worse_is_a_document_and_ends_the_process_with_255(
    run_ruby: Callable[..., Client], statement: str, error_type: str, reported: str
) -> None:
    client = run_ruby(f"def handler(event:, context:)\n{statement}\nend").start()
    answer = client.invoke({})
    assert (answer.kind, answer.error_type, answer.document["errorType"]) == ("E", reported, error_type)
    assert len(answer.document["stackTrace"]) <= 100
    assert client.wait() == 255


def test_a_result_that_is_not_json_is_an_error_of_the_function(run_ruby: Callable[..., Client]) -> None:
    answer = run_ruby("def handler(event:, context:) = Float::NAN").start().invoke({})
    assert (answer.kind, answer.document["errorType"]) == ("E", "Function<JSON::GeneratorError>")


def test_an_io_as_result_is_sent_as_it_is(run_ruby: Callable[..., Client]) -> None:
    assert run_ruby('def handler(event:, context:) = StringIO.new("\\xff\\x00raw")').start().invoke({}).body == b"\xff\x00raw"


def test_a_function_may_take_over_the_marshaller(run_ruby: Callable[..., Client]) -> None:
    source = """
module AwsLambda
  class Marshaller
    class << self
      def marshall_request(raw) = [raw['Content-Type'], raw.body]
      def marshall_response(response) = response.join('!')
    end
  end
end
def handler(event:, context:) = event
"""
    assert run_ruby(source).start().invoke(raw=b"{}").body == b"application/json!{}"


@pytest.mark.parametrize("size", [1, 65_000, 65_536, 300_000, SIX_MEBIBYTES])
def test_events_and_results_of_any_size_pass_whole(run_ruby: Callable[..., Client], size: int) -> None:
    client = run_ruby(ECHO).start()
    event = ("0123456789abcdef" * (size // 16 + 1))[: size - 2]
    assert client.invoke(event).body == json.dumps(event).encode()
    assert client.invoke("after").body == b'"after"'


def test_the_largest_response_is_sent_and_one_byte_more_is_an_error(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby("def handler(event:, context:) = event[1] ? raise('x' * event[0]) : 'x' * event[0]").start()
    assert len(client.invoke([LARGEST - 2, False]).body) == LARGEST
    for event in ([LARGEST - 1, False], [LARGEST, True]):
        answer = client.invoke(event)
        assert (answer.kind, answer.error_type) == ("E", "Function.ResponseSizeTooLarge")
    assert client.invoke([1, False]).body == b'"x"'


@pytest.mark.parametrize(
    ("files", "handler", "error_type", "message"),
    [
        ({"app.rb": ECHO}, "nothing.handler", "Init<LoadError>", "cannot load such file -- nothing"),
        ({"app.rb": ECHO}, "app", "Init<ArgumentError>", INVALID % "app"),
        ({"app.rb": "raise IOError, 'at load'"}, "app.handler", "Init<IOError>", "at load"),
        ({"app.rb": "def handler("}, "app.handler", "Init<SyntaxError>", "app.rb:1"),
        ({"app.rb": "exit 3"}, "app.handler", "Init<SystemExit>", "exit"),
    ],
)
def test_a_function_that_cannot_be_loaded_is_an_init_error_and_the_end(
    run_ruby: Callable[..., Client], files: dict[str, str], handler: str, error_type: str, message: str
) -> None:
    client = run_ruby(files, handler)
    answer = client.assign()
    assert (answer.kind, answer.document["errorType"]) == ("X", error_type)
    assert message in answer.document["errorMessage"]
    assert client.wait() == 252
    assert client.records()[0].message.startswith("Init error when loading handler \n{\n")


def test_a_missing_method_is_known_only_when_it_is_called(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby(ECHO, "app.elsewhere").start()
    answer = client.invoke({})
    assert answer.error_type == "Function<NoMethodError>"
    assert answer.document["errorMessage"].startswith("undefined method")
    assert client.wait() == 255
