"""Name servers for sandboxes."""

from pathlib import Path

from lambent.adapters.sandbox.native.resolvers import nameservers


def test_a_stub_on_loopback_is_replaced_by_the_real_servers(tmp_path: Path) -> None:
    stub, real = tmp_path / "stub", tmp_path / "real"
    stub.write_text("nameserver 127.0.0.53\noptions edns0\n")
    real.write_text(
        "# by hand\nnameserver 203.0.113.53\nnameserver 2001:db8::53\nnameserver 203.0.113.54 # second\nsearch example.org\n"
    )
    assert nameservers([stub, real]) == ["203.0.113.53", "203.0.113.54"]


def test_the_first_file_that_names_a_usable_one_decides_and_three_are_enough(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("".join(f"nameserver 203.0.113.{each}\n" for each in range(1, 6)))
    second.write_text("nameserver 198.51.100.1\n")
    assert nameservers([first, second]) == ["203.0.113.1", "203.0.113.2", "203.0.113.3"]


def test_broken_and_missing_files_give_none(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"nameserver\nnameserver 300.1.1.1\n\xff\xfe nameserver 1.1.1.1\nnameserver 0.0.0.0\n")
    assert nameservers([broken, tmp_path / "missing"]) == []
