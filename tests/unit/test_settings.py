"""Settings are read once, from a file, variables and options; every mistake is named."""

from pathlib import Path

import pytest

from lambent.core.environment import IsolationLevel
from lambent.settings import Settings, SettingsError, load


def read(tmp_path: Path, toml: str = "", environment: dict[str, str] | None = None, **overrides: object) -> Settings:
    file = tmp_path / "lambent.toml"
    file.write_text(toml)
    return load(file=file, environment=environment or {}, overrides=overrides)


def test_a_variable_wins_over_the_file_and_an_option_over_both(tmp_path: Path) -> None:
    toml = 'port = 1\nregion = "eu-west-1"\naccount_concurrency = 7'
    settings = read(tmp_path, toml, {"LAMBENT_PORT": "2", "LAMBENT_ACCOUNT_CONCURRENCY": "8"}, port=3)
    assert (settings.port, settings.region, settings.account_concurrency) == (3, "eu-west-1", 8)


def test_values_get_the_type_of_their_setting(tmp_path: Path) -> None:
    settings = read(tmp_path, 'isolation = "bwrap"\nnetwork = false\nidle_seconds = 5', {"LAMBENT_DATA_DIRECTORY": "data"})
    assert settings.isolation is IsolationLevel.BWRAP
    assert settings.network is False
    assert settings.idle_seconds == 5.0
    assert settings.data_directory == Path("data")


def test_access_keys_can_be_a_table_or_a_variable(tmp_path: Path) -> None:
    assert read(tmp_path, '[access_keys]\nAKIDEXAMPLE = "s"').access_keys == {"AKIDEXAMPLE": "s"}
    assert read(tmp_path, "", {"LAMBENT_ACCESS_KEYS": "a=b,c=d=e"}).access_keys == {"a": "b", "c": "d=e"}


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, 'port = 1\nnetwork = "perhaps"', {"LAMBENT_PORT": "many", "LAMBENT_ISOLATION": "wishes"}, account="12")
    for part in ("port", "network", "LAMBENT_PORT", "LAMBENT_ISOLATION", "account cannot be '12'"):
        assert part in str(caught.value)


def test_listening_beyond_this_machine_needs_authentication(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="set access_keys"):
        read(tmp_path, 'host = "0.0.0.0"')
    assert read(tmp_path, 'host = "0.0.0.0"\n[access_keys]\nid = "secret"').host == "0.0.0.0"


def test_a_file_that_cannot_be_read_is_a_mistake_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.toml"):
        load(file=tmp_path / "missing.toml", environment={}, overrides={})
    with pytest.raises(SettingsError):
        read(tmp_path, "port = = 1")


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_out_of_range_is_refused(tmp_path: Path, port: int) -> None:
    with pytest.raises(SettingsError, match="port cannot be"):
        read(tmp_path, f"port = {port}")


def test_an_unknown_key_is_refused_with_the_keys_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no setting 'prot'.*port"):
        read(tmp_path, "prot = 1")


def test_an_image_registry_is_a_url(tmp_path: Path) -> None:
    assert read(tmp_path, 'image_registry = "http://127.0.0.1:5000"').image_registry == "http://127.0.0.1:5000"
    with pytest.raises(SettingsError, match="image_registry cannot be"):
        read(tmp_path, 'image_registry = "127.0.0.1:5000"')


PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/team/abcdefgh12"


def test_signing_profiles_are_named_by_their_arns(tmp_path: Path) -> None:
    assert read(tmp_path, f'[signing_profiles]\n"{PROFILE}" = "/team.pem"').signing_profiles == {PROFILE: "/team.pem"}
    assert read(tmp_path, "", {"LAMBENT_SIGNING_PROFILES": f"{PROFILE}=/team.pem"}).signing_profiles == {PROFILE: "/team.pem"}
    with pytest.raises(SettingsError, match="signing_profiles cannot have 'team'"):
        read(tmp_path, '[signing_profiles]\nteam = "/team.pem"')
