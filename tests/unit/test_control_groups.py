"""Control groups on a made-up tree: where ours are found, and what is written into which file, at version 1, 2 and both."""

from pathlib import Path

import pytest

from lambent.adapters.sandbox.native.control_groups import ControlGroups, Layout, Unavailable, detect, quota_us

VERSION_1 = """\
30 20 0:26 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
31 20 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
32 20 0:28 / /sys/fs/cgroup/pids rw,nosuid - cgroup cgroup rw,pids
33 20 0:29 / /sys/fs/cgroup/freezer rw,nosuid - cgroup cgroup rw,freezer
34 20 0:30 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,name=systemd
"""
UNIFIED = "35 20 0:31 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw\n"
VERSION_2 = "40 20 0:40 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
OWN_1 = "9:name=systemd:/\n8:pids:/\n6:freezer:/\n4:memory:/outer/inner\n1:cpu,cpuacct:/\n0::/\n"


def make(root: Path, *folders: str) -> None:
    for each in folders:
        (root / "sys/fs/cgroup" / each).mkdir(parents=True)


def files(folder: Path, *names: str) -> None:
    """What the kernel puts into a new group by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in names:
        (folder / each).touch()


def test_version_1_hierarchies_are_found_each_at_our_own_group(tmp_path: Path) -> None:
    make(tmp_path, "memory/outer/inner", "cpu,cpuacct", "pids", "freezer", "systemd")
    layout = detect(VERSION_1, OWN_1, tmp_path)
    base = tmp_path / "sys/fs/cgroup"
    assert layout == Layout(
        unified=None,
        legacy={
            "memory": base / "memory/outer/inner",
            "cpu": base / "cpu,cpuacct",
            "pids": base / "pids",
            "freezer": base / "freezer",
        },
    )


def test_a_group_that_is_itself_the_mounted_root_is_not_looked_for_below_it(tmp_path: Path) -> None:
    make(tmp_path, "x")
    mounted = "40 20 0:40 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    assert detect(mounted, "0::/docker/abc\n", tmp_path).unified == tmp_path / "sys/fs/cgroup"


def test_version_2_is_found(tmp_path: Path) -> None:
    make(tmp_path, "system.slice/lambent.service")
    layout = detect(VERSION_2, "0::/system.slice/lambent.service\n", tmp_path)
    assert layout == Layout(unified=tmp_path / "sys/fs/cgroup/system.slice/lambent.service", legacy={})


def test_a_missing_controller_is_named_with_advice(tmp_path: Path) -> None:
    make(tmp_path, "memory/outer/inner", "cpu,cpuacct", "freezer")
    without_pids = "".join(line for line in VERSION_1.splitlines(keepends=True) if "pids" not in line)
    with pytest.raises(Unavailable, match=r"pids.*--privileged"):
        detect(without_pids, OWN_1, tmp_path)


def test_a_host_without_control_groups_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cpu, memory, pids"):
        detect("36 35 98:0 / / rw - ext4 /dev/root rw\n", "", tmp_path)


@pytest.fixture
def version_1(tmp_path: Path) -> ControlGroups:
    make(tmp_path, "memory/outer/inner", "cpu,cpuacct", "pids", "freezer")
    groups = ControlGroups(detect(VERSION_1, OWN_1, tmp_path), "lambent-3")
    groups.prepare()
    return groups


@pytest.fixture
def version_2(tmp_path: Path) -> ControlGroups:
    root = tmp_path / "sys/fs/cgroup"
    files(root, "cgroup.procs", "cgroup.subtree_control")
    groups = ControlGroups(detect(VERSION_2, "0::/\n", tmp_path), "lambent-3")
    groups.prepare()
    return groups


def test_version_1_limits_are_written_to_each_controller(version_1: ControlGroups) -> None:
    names = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control")
    files(version_1.folders["memory"] / "7", *names)
    files(version_1.folders["cpu"] / "7", "cpu.cfs_quota_us")
    group = version_1.group("7")
    group.limit(256, 2894)
    memory, cpu, pids = (version_1.folders[each] / "7" for each in ("memory", "cpu", "pids"))
    assert (memory / "memory.limit_in_bytes").read_text() == str(256 << 20)
    assert (memory / "memory.memsw.limit_in_bytes").read_text() == str(256 << 20)
    assert (cpu / "cpu.cfs_period_us").read_text() == "20000"
    assert (cpu / "cpu.cfs_quota_us").read_text() == "2894"
    assert (pids / "pids.max").read_text() == "1025"


def test_version_1_without_swap_accounting_still_limits_memory(version_1: ControlGroups) -> None:
    files(version_1.folders["memory"] / "7", "memory.limit_in_bytes")
    files(version_1.folders["cpu"] / "7", "cpu.cfs_quota_us")
    version_1.group("7").limit(128, 1447)
    assert (version_1.folders["memory"] / "7" / "memory.limit_in_bytes").read_text() == str(128 << 20)


def test_version_1_thaws_so_that_a_kill_arrives(version_1: ControlGroups) -> None:
    files(version_1.folders["freezer"] / "7", "freezer.state")
    version_1.group("7").kill()
    assert (version_1.folders["freezer"] / "7" / "freezer.state").read_text() == "THAWED"


def test_the_unified_hierarchy_freezes_where_there_is_one(tmp_path: Path) -> None:
    make(tmp_path, "memory/outer/inner", "cpu,cpuacct", "pids", "freezer", "unified")
    groups = ControlGroups(detect(VERSION_1 + UNIFIED, OWN_1, tmp_path), "lambent-3")
    groups.prepare()
    assert groups.version == 1
    assert "freezer" not in groups.folders
    assert groups.folders[""] == tmp_path / "sys/fs/cgroup/unified/lambent-3"


def test_version_2_passes_controllers_down_and_limits_in_one_folder(version_2: ControlGroups) -> None:
    folder = version_2.folders[""]
    assert (folder.parent / "cgroup.subtree_control").read_text() == "+memory +cpu +pids"
    assert (folder / "cgroup.subtree_control").read_text() == "+memory +cpu +pids"
    files(folder / "7", "memory.max", "memory.swap.max", "cpu.max", "cgroup.kill")
    group = version_2.group("7")
    group.limit(256, 2894)
    group.kill()
    written = {
        name: (folder / "7" / name).read_text()
        for name in ("memory.max", "memory.swap.max", "cpu.max", "pids.max", "cgroup.kill")
    }
    assert written == {
        "memory.max": str(256 << 20), "memory.swap.max": "0", "cpu.max": "2894 20000", "pids.max": "1025", "cgroup.kill": "1",
    }  # fmt: skip


def test_version_2_moves_our_processes_into_a_leaf_when_the_kernel_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "sys/fs/cgroup/service"
    files(own.parent, "cgroup.procs", "cgroup.subtree_control")
    files(own, "cgroup.subtree_control")
    (own / "cgroup.procs").write_text("41\n42\n")
    moved: list[str] = []
    write_text = Path.write_text

    def kernel(path: Path, content: str, *arguments: object) -> int:
        """Refuses to pass controllers down from a group with processes, and empties it as they are moved."""
        if path == own / "cgroup.subtree_control" and len(moved) < 2:
            raise OSError(16, "Device or resource busy")
        if path == own / "lambent-server" / "cgroup.procs":
            moved.append(content)
        return write_text(path, content)

    monkeypatch.setattr(Path, "write_text", kernel)
    groups = ControlGroups(detect(VERSION_2, "0::/service\n", tmp_path), "lambent-3")
    groups.prepare()
    assert moved == ["41", "42"]
    assert groups.folders[""] == own / "lambent-3"


def test_version_2_goes_to_the_top_when_our_own_group_is_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "sys/fs/cgroup/session"
    files(own.parent, "cgroup.procs", "cgroup.subtree_control")
    files(own, "cgroup.procs")
    files(own / "somebody-else", "cgroup.procs")
    write_text = Path.write_text

    def kernel(path: Path, content: str, *arguments: object) -> int:
        if path == own / "cgroup.subtree_control":
            raise OSError(16, "Device or resource busy")
        return write_text(path, content)

    monkeypatch.setattr(Path, "write_text", kernel)
    groups = ControlGroups(detect(VERSION_2, "0::/session\n", tmp_path), "lambent-3")
    groups.prepare()
    assert groups.folders[""] == own.parent / "lambent-3"


def test_a_group_is_gone_only_when_all_of_its_folders_are(version_1: ControlGroups) -> None:
    group = version_1.group("7")
    (version_1.folders["pids"] / "7" / "pids.max").unlink()
    (version_1.folders["cpu"] / "7" / "cpu.cfs_period_us").unlink()
    busy = version_1.folders["memory"] / "7" / "busy"
    busy.mkdir()
    assert not group.remove()
    busy.rmdir()
    assert group.remove()
    assert group.remove()


@pytest.mark.parametrize(("memory_mib", "expected"), [(128, 1447), (1769, 20_000), (3538, 40_000), (10_240, 115_772)])
def test_a_cpu_is_1769_mib(memory_mib: int, expected: int) -> None:
    assert quota_us(memory_mib) == expected


def test_a_burst_is_at_least_so_many_cpus_and_the_kernels_minimum_is_kept() -> None:
    assert quota_us(128, least_cpus=1.0) == 20_000
    assert quota_us(3538, least_cpus=1.0) == 40_000
    assert quota_us(16) == 1_000
