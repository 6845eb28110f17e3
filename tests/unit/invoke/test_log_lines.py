"""What one invocation leaves in its log, in text and in JSON (facts B3, H1)."""

import json
import os

from lambent.testing.sandbox import SILENCE, Script
from tests.unit.invoke_world import World


async def test_output_is_logged_line_by_line_before_the_end_line(world: World) -> None:
    await world.create()

    def behaviour(event, context):
        os.write(context.output, b"one\ntwo\nwithout end")
        os.write(context.telemetry, b"\xa5\x5a\x00\x03\x00\x00\x00\x09" + bytes(8) + b"multi\nple")
        return event

    world.provider.script = Script(behaviour=behaviour)
    result = await world.invoke(log_tail=True)
    assert [line.split(" ")[0] for line in world.log()] == [
        "INIT_START",
        "START",
        "one",
        "two",
        "multi\nple",
        "without",
        "END",
        "REPORT",
    ]
    tail = result.log_tail.decode()
    assert tail.startswith("START RequestId: ")
    assert "one\ntwo\nmulti\nple\nwithout end\nEND RequestId: " in tail
    assert tail.splitlines()[-1].startswith("REPORT RequestId: ")


async def test_the_tail_is_the_last_four_kibibytes(world: World) -> None:
    await world.create()
    world.provider.script = Script(behaviour=lambda event, context: [context.print(f"line {n}") for n in range(1000)] and event)
    result = await world.invoke(log_tail=True)
    assert len(result.log_tail) == 4096
    assert b"line 999\nEND RequestId" in result.log_tail


async def test_json_format_turns_the_platforms_lines_into_records(world: World) -> None:
    await world.create(log_format="JSON")
    await world.invoke()
    records = [json.loads(line) for line in world.log()]
    assert [each["type"] for each in records] == ["platform.initStart", "platform.start", "platform.report"]
    assert records[2]["record"]["status"] == "success"
    assert records[2]["record"]["metrics"]["memorySizeMB"] == 128
    assert records[0]["time"] == "2023-11-14T22:13:20.000Z"
    assert world.sandbox.environment["AWS_LAMBDA_LOG_FORMAT"] == "JSON"


async def test_json_format_keeps_to_the_system_log_level(world: World) -> None:
    await world.create(log_format="JSON", system_log_level="WARN", timeout=1)
    world.provider.script = Script(behaviour=lambda event, _: SILENCE if event == b"0" else event)
    await world.invoke()
    assert world.log() == []
    await world.invoke(payload=b"0")
    assert [json.loads(line)["type"] for line in world.log()] == ["platform.runtimeDone", "platform.report"]
