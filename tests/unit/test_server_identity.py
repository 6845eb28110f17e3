"""Servers on one host: each has its own number, and what a dead one left is removed by the next."""

import json
from pathlib import Path

from lambent.adapters.sandbox.native.identity import claim


def leave_behind(registry: Path, number: int, group: Path) -> None:
    """As a killed server: a folder with a record, and a control group with a child."""
    (registry / str(number) / "tmp" / "7").mkdir(parents=True)
    (registry / str(number) / "record.json").write_text(json.dumps([str(group)]))
    (group / "0").mkdir(parents=True)


def test_living_servers_have_different_numbers_names_and_users(tmp_path: Path) -> None:
    one, other = claim(tmp_path), claim(tmp_path)
    assert (one.number, other.number) == (0, 1)
    assert one.name != other.name
    assert not {one.user(slot) for slot in range(4096)} & {other.user(slot) for slot in range(4096)}
    one.leave()
    other.leave()


def test_a_number_is_free_again_when_its_server_has_left(tmp_path: Path) -> None:
    claim(tmp_path).leave()
    again = claim(tmp_path)
    assert again.number == 0
    again.leave()
    assert not list(tmp_path.iterdir())


def test_the_groups_of_dead_servers_are_removed_whatever_their_number(tmp_path: Path) -> None:
    registry, groups = tmp_path / "registry", tmp_path / "groups"
    for number in (0, 5):
        leave_behind(registry, number, groups / f"lambent-{number}-cafe")
    identity = claim(registry)
    assert identity.number == 0
    assert not list(groups.iterdir())
    assert [each.name for each in registry.iterdir()] == ["0"]
    identity.leave()


def test_a_living_neighbour_is_never_swept(tmp_path: Path) -> None:
    registry, group = tmp_path / "registry", tmp_path / "groups" / "lambent-0-cafe"
    neighbour = claim(registry)
    group.mkdir(parents=True)
    neighbour.record([group])
    other = claim(registry)
    assert group.is_dir()
    other.leave()
    assert group.is_dir()
    neighbour.leave()


def test_a_record_cannot_make_the_sweep_remove_anything_else(tmp_path: Path) -> None:
    registry, precious = tmp_path / "registry", tmp_path / "precious"
    precious.mkdir()
    leave_behind(registry, 0, tmp_path / "groups" / "lambent-0-cafe")
    (registry / "0" / "record.json").write_text(json.dumps([str(precious), "/"]))
    claim(registry).leave()
    assert precious.is_dir()


def test_a_record_that_was_half_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "record.json").write_text('["/sys/fs')
    identity = claim(tmp_path)
    assert identity.number == 0
    identity.leave()
