"""Any history of updates, publishes, aliases and deletions keeps the promises about versions (hypothesis state machine)."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lambent.core.errors import ResourceConflict, ResourceNotFound
from tests.unit.control_world import World, zip_of

NUMBERS = st.integers(1, 6).map(str)
NAMES = st.sampled_from(["blue", "green"])


class Versions(RuleBasedStateMachine):
    """One function and a plain model of it: what `$LATEST` is, what each version was published from, where aliases point."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.world = World(Path(self.folder.name))
        self.latest: tuple[str, int] | None = None
        self.versions: dict[str, tuple[str, int]] = {}
        self.given_out = 0
        self.aliases: dict[str, set[str]] = {}

    def teardown(self) -> None:
        self.loop.close()
        self.folder.cleanup()

    def do(self, call):
        return self.loop.run_until_complete(call)

    def call(self, operation: str, **members: object):
        reply = self.do(self.world.call(operation, FunctionName="hello", **members))
        self.do(self.world.activate())
        return reply

    def expect_publish(self, number: str) -> None:
        last = str(self.given_out)
        if self.versions.get(last) == self.latest:
            assert number == last
        else:
            self.given_out += 1
            assert number == str(self.given_out)
            self.versions[number] = self.latest

    @precondition(lambda self: self.latest is None)
    @rule(code=st.sampled_from("ab"), publish=st.booleans())
    def create(self, code: str, publish: bool) -> None:
        reply = self.do(self.world.create(Code={"ZipFile": zip_of(code)}, Publish=publish))
        self.do(self.world.activate())
        self.latest = (code, 3)
        if publish:
            self.expect_publish(reply["Version"])

    @precondition(lambda self: self.latest)
    @rule(code=st.sampled_from("ab"), publish=st.booleans())
    def update_code(self, code: str, publish: bool) -> None:
        reply = self.call("UpdateFunctionCode", ZipFile=zip_of(code), Publish=publish)
        self.latest = (code, self.latest[1])
        if publish:
            self.expect_publish(reply["Version"])

    @precondition(lambda self: self.latest)
    @rule(timeout=st.integers(3, 5))
    def update_configuration(self, timeout: int) -> None:
        self.call("UpdateFunctionConfiguration", Timeout=timeout)
        self.latest = (self.latest[0], timeout)

    @precondition(lambda self: self.latest)
    @rule(description=st.none() | st.sampled_from(["", "note"]))
    def publish(self, description: str | None) -> None:
        given = {} if description is None else {"Description": description}
        self.expect_publish(self.call("PublishVersion", **given)["Version"])

    @precondition(lambda self: self.latest)
    @rule(name=NAMES, version=NUMBERS, extra=st.none() | NUMBERS)
    def point(self, name: str, version: str, extra: str | None) -> None:
        targets = {version} | ({extra} if extra and extra != version else set())
        routing = dict.fromkeys(targets - {version}, 0.5)
        operation = "UpdateAlias" if name in self.aliases else "CreateAlias"
        try:
            self.call(operation, Name=name, FunctionVersion=version, RoutingConfig={"AdditionalVersionWeights": routing})
        except ResourceNotFound:
            assert not targets <= set(self.versions)
        else:
            assert targets <= set(self.versions)
            self.aliases[name] = targets

    @precondition(lambda self: self.latest)
    @rule(name=NAMES)
    def drop_alias(self, name: str) -> None:
        self.call("DeleteAlias", Name=name)
        self.aliases.pop(name, None)

    @precondition(lambda self: self.latest)
    @rule(number=NUMBERS)
    def delete_version(self, number: str) -> None:
        try:
            self.call("DeleteFunction", Qualifier=number)
        except ResourceNotFound:
            assert number not in self.versions
        except ResourceConflict:
            assert any(number in targets for targets in self.aliases.values())
        else:
            assert not any(number in targets for targets in self.aliases.values())
            del self.versions[number]

    @precondition(lambda self: self.latest)
    @rule()
    def delete(self) -> None:
        self.call("DeleteFunction")
        self.latest = None
        self.versions.clear()
        self.aliases.clear()

    @precondition(lambda self: self.latest)
    @invariant()
    def what_is_shown_is_what_was_published(self) -> None:
        listed = self.call("ListVersionsByFunction")["Versions"]
        expected = {"$LATEST": self.latest, **self.versions}
        assert [each["Version"] for each in listed] == ["$LATEST", *sorted(self.versions, key=int)]
        assert {each["Version"]: (each["CodeSize"], each["Timeout"]) for each in listed} == {
            version: (len(zip_of(code)), timeout) for version, (code, timeout) in expected.items()
        }
        hashes = {code: each["CodeSha256"] for each in listed for code in [expected[each["Version"]][0]]}
        assert len(set(hashes.values())) == len(hashes)
        assert all(each["CodeSha256"] == hashes[expected[each["Version"]][0]] for each in listed)

    @precondition(lambda self: self.latest)
    @invariant()
    def every_alias_leads_to_a_version(self) -> None:
        for name in self.aliases:
            assert self.call("GetFunctionConfiguration", Qualifier=name)["Version"] in self.versions


TestVersions = Versions.TestCase
TestVersions.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
