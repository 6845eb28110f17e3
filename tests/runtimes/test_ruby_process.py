"""The Ruby client as a process: log records, gems and load paths, wrappers, libraries, and handlers that hurt themselves."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Client

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}"
ECHO = "def handler(event:, context:) = event"


def test_puts_and_loggers_are_records_in_lambdas_form(run_ruby: Callable[..., Client]) -> None:
    source = """
require 'logger'
def handler(event:, context:)
  puts 'one', ['two', 3]
  logger = Logger.new($stdout)
  logger.debug('seen'); logger.add(Logger::WARN, 'careful', 'mine')
  print 'raw'
  $stdout.puts ' line'
  Logger.new('/dev/null').info('elsewhere')
  nil
end
"""
    client = run_ruby(source).start()
    assert client.invoke(request_id="a" * 36).body == b"null"
    client.close()
    shown = [(hex(record.type), re.sub(STAMP + r" #\d+", "TIME", record.message)) for record in client.records()]
    assert shown == [
        ("0xa55a0003", "one\ntwo\n3"),
        ("0xa55a0003", f"D, [TIME] DEBUG {'a' * 36} -- : seen\n"),
        ("0xa55a0003", f"W, [TIME]  WARN {'a' * 36} -- mine: careful\n"),
    ]
    assert client.lines() == "raw line\n"


def test_errors_are_logged_with_their_document(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby("def handler(event:, context:) = raise('no')").start()
    client.invoke()
    client.close()
    (record,) = client.records()
    head, _, document = record.message.partition("\n")
    assert (hex(record.type), head) == ("0xa55a0017", "Error raised from handler method")
    assert json.loads(document)["errorType"] == "Function<RuntimeError>"


def test_json_logging_filters_by_level_and_reveals_errors(run_ruby: Callable[..., Client]) -> None:
    source = """
def handler(event:, context:)
  logger = Logger.new($stdout, progname: 'shop')
  logger.info('hidden'); logger.warn('shown')
  begin
    raise TypeError, 'x'
  rescue => e
    logger.error(e)
  end
  raise 'end'
end
"""
    client = run_ruby(source, AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="WARN").start()
    client.invoke(request_id="a" * 36)
    client.close()
    documents = [json.loads(record.message) for record in client.records()]
    assert [(each["level"], each.get("message")) for each in documents] == [("WARN", "shown"), ("ERROR", "x"), ("ERROR", None)]
    assert {each["requestId"] for each in documents} == {"a" * 36}
    assert list(documents[0]) == ["timestamp", "level", "message", "requestId", "logger"]
    assert (documents[1]["errorType"], documents[1]["errorMessage"], documents[1]["logger"]) == ("TypeError", "x", "shop")
    assert documents[1]["location"].partition(":")[0].endswith("/app.rb")
    assert documents[2]["errorType"] == "Function<RuntimeError>"


def test_without_a_telemetry_pipe_everything_is_output(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby("def handler(event:, context:)\nputs 'hello'\nraise 'no'\nend", _LAMBDA_TELEMETRY_LOG_FD=None).start()
    client.invoke()
    client.close()
    assert client.records() == []
    assert client.lines().startswith("hello\nError raised from handler method\n{\n")


def test_gems_of_the_package_and_of_layers_and_ruby_lib_are_found(run_ruby: Callable[..., Client], tmp_path: Path) -> None:
    specification = "Gem::Specification.new { |s| s.name = '%s'; s.version = '1.0'; s.summary = 's'; s.authors = ['a'] }"
    files = {
        "app.rb": "require 'packed'\nrequire 'layered'\nrequire 'plain'\ndef handler(event:, context:) = [PACKED, LAYERED, PLAIN]"
    }
    for root, name in (("vendor/bundle/ruby/3.3.0", "packed"), ("layer/ruby/gems/3.3.0", "layered")):
        files[f"{root}/specifications/{name}-1.0.gemspec"] = specification % name
        files[f"{root}/gems/{name}-1.0/lib/{name}.rb"] = f"{name.upper()} = '{name}'"
    files["layer/ruby/lib/plain.rb"] = "PLAIN = 'plain'"
    task = tmp_path / "task"
    client = run_ruby(
        files,
        GEM_PATH=f"{task}/vendor/bundle/ruby/3.3.0:{task}/layer/ruby/gems/3.3.0",
        RUBYLIB=f"{task}:/var/runtime/lib:{task}/layer/ruby/lib",
    ).start()
    assert client.invoke().document == ["packed", "layered", "plain"]


def test_gems_of_the_interpreter_itself_stay_reachable(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby(
        "require 'bigdecimal'\nrequire 'rake'\ndef handler(event:, context:) = BigDecimal('1.5').to_s", GEM_PATH="/nothing"
    )
    assert client.start().invoke().document == "0.15e1"


def test_the_environment_is_the_functions_alone(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby(
        "def handler(event:, context:) = ENV.to_h.merge('pwd' => Dir.pwd, 'zone' => Time.now.zone)", MINE="x"
    ).start()
    seen = client.invoke().document
    assert "LEFT_OVER" not in seen
    assert "_LAMBDA_TELEMETRY_LOG_FD" not in seen
    assert (seen["MINE"], seen["zone"], seen["pwd"]) == ("x", "UTC", seen["LAMBDA_TASK_ROOT"])


def test_a_wrapper_starts_the_runtime_with_its_environment_and_arguments(run_ruby: Callable[..., Client], tmp_path: Path) -> None:
    wrapper = '#!/bin/sh\nexport ADDED=1 _HANDLER=app.other\nprogram=$1; shift\nexec "$program" -W0 "$@"\n'
    files = {"app.rb": "def other(event:, context:) = [ENV['ADDED'], $VERBOSE]", "wrap": wrapper}
    client = run_ruby(files, AWS_LAMBDA_EXEC_WRAPPER=str(tmp_path / "task" / "wrap"))
    assert client.assign(hellos=2).kind == "R", client.shown()
    assert client.invoke().document == ["1", None]
    assert client.close() == 0


@pytest.mark.parametrize(("mode", "status"), [(None, 127), (0o644, 126)])
def test_a_wrapper_that_cannot_run_ends_with_a_shells_status(
    run_ruby: Callable[..., Client], tmp_path: Path, mode: int | None, status: int
) -> None:
    path = tmp_path / "wrapper"
    if mode is not None:
        path.write_text("#!/bin/sh\n")
        path.chmod(mode)
    client = run_ruby(ECHO, AWS_LAMBDA_EXEC_WRAPPER=str(path))
    with pytest.raises(EOFError):
        client.assign()
    assert client.wait() == status
    assert str(path) in client.lines()


def test_rubyopt_takes_effect(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby("def handler(event:, context:) = [defined?(Set), $VERBOSE, ENV['RUBYOPT']]", RUBYOPT="-w -rset")
    assert client.assign(hellos=2).kind == "R", client.shown()
    assert client.invoke().document == ["constant", True, "-w -rset"]


def test_a_fork_of_the_function_does_not_hold_the_channel(run_ruby: Callable[..., Client]) -> None:
    source = "def handler(event:, context:)\nfork { sleep 60 }\nspawn('sleep 60')\n1\nend"
    client = run_ruby(source).start()
    assert client.invoke().body == b"1"
    assert client.close() == 0


def test_exit_blocks_run_at_the_end_but_not_when_the_server_hangs_up(run_ruby: Callable[..., Client]) -> None:
    source = "at_exit { $stdout.write('leaving') }\ndef handler(event:, context:) = event ? exit(1) : 1"
    hung_up = run_ruby(source).start()
    hung_up.invoke()
    assert (hung_up.close(), hung_up.lines()) == (0, "")


def test_exit_blocks_run_when_the_function_ends_itself(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby("at_exit { $stdout.write('leaving') }\ndef handler(event:, context:) = exit(1)").start()
    client.invoke()
    assert (client.wait(), client.lines()) == (255, "leaving")


def test_a_handler_that_exits_at_once_gives_no_answer(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby("def handler(event:, context:) = exit!(3)").start()
    client.submit()
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == 3


@pytest.mark.parametrize("frame", [b"\0\0\0\0", b"\0\0\0\1I", b"\0\0\0\1?"])
def test_a_frame_that_breaks_the_protocol_ends_the_client(run_ruby: Callable[..., Client], frame: bytes) -> None:
    client = run_ruby(ECHO).start()
    client.channel.sendall(frame)
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == 0


def test_a_malformed_event_is_an_error_and_the_end(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby(ECHO).start()
    answer = client.invoke(raw=b"{oops")
    assert (answer.kind, answer.document["errorType"]) == ("E", "Init<JSON::ParserError>")
    assert client.wait() == 252


def test_a_handler_that_closes_every_descriptor_ends_its_environment(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby("def handler(event:, context:) = (3..80).each { |n| IO.for_fd(n).close rescue nil }").start()
    client.submit()
    with pytest.raises(EOFError):
        client.answer()
    client.wait()


def test_threads_of_the_handler_do_not_disturb_the_next_invocation(run_ruby: Callable[..., Client]) -> None:
    client = run_ruby("def handler(event:, context:)\nThread.new { 100.times { puts 'x'; sleep 0.001 } }\nevent\nend").start()
    for number in range(20):
        assert client.invoke(number).document == number
