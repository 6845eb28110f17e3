"""Attacks on what is not the function's own but runs beside it: other sandboxes, the server, the host. Each test fails if one succeeds."""

import os
import re
import socket
import uuid

import pytest

from tests.contract.sandbox_inside import Inside, Raised
from tests.security.attacked import Attacked, processes_of

pytestmark = pytest.mark.native


@pytest.fixture
async def victim(attacked: Attacked) -> Inside:
    """Another function's environment, with a secret in its memory and its variables."""
    made = await Inside(await attacked.blank()).start(SECRET="of-the-victim")
    await made.run("import builtins; builtins.secret = 'of-' + 'the-victim'")
    return made


async def test_no_process_of_a_neighbour_or_the_host_can_be_looked_into(attacked: Attacked, victim: Inside) -> None:
    attacker = await attacked.sandbox()
    targets = [*await processes_of(victim), os.getpid(), os.getppid()]
    assert len(targets) == 4  # its first process, its client, the server, what started that
    code = """
        import os
        own, seen = os.getpid(), []
        for process in targets:
            for name in ('environ', 'mem', 'maps', 'cmdline', 'fd', 'root', 'cwd', 'ns/net', 'task'):
                path = f'/proc/{process}/{name}'
                if process != own and (os.path.lexists(path) or os.access(path, os.F_OK)):
                    seen.append(path)
        result = seen
    """
    assert await attacker.run(code, targets=targets) == []
    everything = """
        import os
        found = []
        for process in (each for each in os.listdir('/proc') if each.isdigit()):
            with open(f'/proc/{process}/environ', 'rb') as file:
                found.append(b'of-the-victim' in file.read())
        result = found
    """
    assert await attacker.run(everything) == [False]


async def test_signals_to_everything_reach_nothing_outside(attacked: Attacked, victim: Inside) -> None:
    attacker = await attacked.sandbox()
    targets = [*await processes_of(victim), os.getpid(), os.getppid()]
    code = """
        import os, signal
        delivered = []
        for process in targets:
            for aim in (process, -process):
                if abs(aim) in (1, os.getpid(), os.getpgid(0)):
                    continue
                try:
                    os.kill(aim, signal.SIGKILL)
                    delivered.append(aim)
                except OSError:
                    pass
        try:
            os.kill(-1, signal.SIGKILL)
        except OSError:
            pass
        result = delivered
    """
    assert await attacker.run(code, targets=targets) == []
    assert await attacker.run("result = 'alive'") == "alive"
    assert await victim.run("result = secret") == "of-the-victim"


async def test_descriptors_of_processes_outside_cannot_be_had(attacked: Attacked, victim: Inside) -> None:
    attacker = await attacked.sandbox()
    code = """
        import os
        opened = []
        for process in targets:
            try:
                opened.append(os.pidfd_open(process) if process != os.getpid() else None)
            except OSError:
                pass
        result = [each for each in opened if each is not None]
    """
    # Process 1 is the sandbox's own: what a descriptor of it is good for is tested with pidfd_getfd among the system calls.
    assert await attacker.run(code, targets=[each for each in (*await processes_of(victim), os.getpid()) if each > 50]) == []


async def test_a_neighbours_listeners_cannot_be_reached(attacked: Attacked, victim: Inside) -> None:
    attacker = await attacked.sandbox()
    name = f"\0neighbour-{uuid.uuid4()}"
    opening = """
        import builtins, socket
        builtins.kept = [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX), socket.create_server(('0.0.0.0', 8080))]
        for listener, place in zip(kept, (name, '/tmp/listener')):
            listener.bind(place)
            listener.listen()
    """
    await victim.run(opening, name=name)
    with pytest.raises(Raised, match="ConnectionRefusedError"):
        await attacker.run("import socket; socket.socket(socket.AF_UNIX).connect(name)", name=name)
    with pytest.raises(Raised, match="FileNotFoundError"):
        await attacker.run("import socket; socket.socket(socket.AF_UNIX).connect('/tmp/listener')")
    with pytest.raises(Raised, match="ConnectionRefusedError"):
        await attacker.run("import socket; socket.create_connection(('127.0.0.1', 8080), 5)")
    assert name[1:] not in await attacker.run("result = open('/proc/net/unix').read()")
    assert "1F90" not in await attacker.run("result = open('/proc/net/tcp').read()")


async def test_message_queues_semaphores_and_shared_memory_are_not_shared(attacked: Attacked, victim: Inside) -> None:
    """System V by key and POSIX by name: the same call makes the thing for one and does not find it for the other."""
    calls = """
        import ctypes, errno
        libc = ctypes.CDLL(None, use_errno=True)
        library = libc if hasattr(libc, 'mq_open') else ctypes.CDLL('librt.so.1', use_errno=True)
        def outcome(value):
            return 'had' if value >= 0 else errno.errorcode[ctypes.get_errno()]
        result = [outcome(libc.shmget(4711, 4096, making)), outcome(libc.msgget(4711, making)),
                  outcome(libc.semget(4711, 1, making)), outcome(library.mq_open(b'/neighbour', 2 | posix, 0o666, None))]
    """
    assert await victim.run(calls, making=0o1666, posix=0o100) == ["had"] * 4
    assert await victim.run(calls, making=0, posix=0) == ["had"] * 4
    attacker = await attacked.sandbox()
    assert await attacker.run(calls, making=0, posix=0) == ["ENOENT"] * 4


@pytest.mark.parametrize("target", ["absolute", "upwards", "proc", "descriptor"])
async def test_links_in_code_and_layers_lead_nowhere_but_inside(attacked: Attacked, secrets: list[str], target: str) -> None:
    """A zip may hold any link; the host never follows one, and inside it is followed in the sandbox's root."""
    before = {"absolute": "", "upwards": "../" * 12, "proc": "/proc/1/root", "descriptor": "/proc/self/fd/0/../../../.."}[target]
    places = [attacked.home / f"links-{uuid.uuid4()}" for _ in range(2)]
    for place in places:
        place.mkdir(mode=0o755)
        for number, secret in enumerate(secrets):
            (place / f"link{number}").symlink_to(before + secret)
        (place / "folder").symlink_to(before + str(attacked.home))
    (places[0] / "app.py").write_text((attacked.home / "code" / "app.py").read_text())
    inside = await attacked.sandbox(task_directory=places[0], layers_directory=places[1])
    for root in ("/var/task", "/opt"):
        for number in range(len(secrets)):
            with pytest.raises(Raised, match=r"FileNotFoundError|PermissionError|NotADirectoryError"):
                await inside.run("open(path).read()", path=f"{root}/link{number}")
        with pytest.raises(Raised, match=r"FileNotFoundError|PermissionError|NotADirectoryError"):
            await inside.run("import os; os.listdir(path)", path=f"{root}/folder")


async def test_code_that_is_swapped_for_a_link_after_it_was_mounted_is_not_followed(attacked: Attacked) -> None:
    """What is mounted is the tree, not its name."""
    task = attacked.home / f"swapped-{uuid.uuid4()}"
    task.mkdir(mode=0o755)
    (task / "app.py").write_text((attacked.home / "code" / "app.py").read_text())
    inside = await attacked.sandbox(task_directory=task)
    task.rename(task.with_name(task.name + "-moved"))
    task.symlink_to(attacked.home / "data")
    assert await inside.run("import os; result = sorted(os.listdir('/var/task'))") == ["app.py"]


async def test_shared_code_cannot_be_changed_by_a_hard_link_or_a_descriptor(inside: Inside, attacked: Attacked) -> None:
    """Two environments of one version read the same files: neither may change them for the other."""
    for attempt in (
        "os.link('/var/task/app.py', '/tmp/app.py')",
        "os.open('/proc/self/fd/%d' % os.open('/var/task/app.py', os.O_RDONLY), os.O_WRONLY)",
        "os.chmod('/var/task/app.py', 0o777)",
        "os.truncate('/var/task/app.py', 0)",
        "os.utime('/var/task/app.py')",
        "os.unlink('/var/task/app.py')",
        "os.rename('/var/task/app.py', '/var/task/gone.py')",
        "os.setxattr('/var/task/app.py', 'user.x', b'y')",
    ):
        with pytest.raises(Raised, match=re.compile("OSError|PermissionError")):
            await inside.run(f"import os; {attempt}")
    assert (attacked.home / "code" / "app.py").stat().st_nlink == 1


async def test_a_listener_of_the_server_is_not_among_what_is_open(attacked: Attacked) -> None:
    """Descriptors that the server has open while a sandbox is made are not inherited by it."""
    with socket.create_server(("127.0.0.1", 0)) as listener, (attacked.home / "data" / "secret").open() as file:
        for each in (listener.fileno(), file.fileno()):
            os.set_inheritable(each, True)
        theirs = os.fstat(listener.fileno()).st_ino
        inside = await attacked.sandbox()
        code = """
            import os
            shown = []
            for name in os.listdir('/proc/self/fd'):
                try:
                    shown.append([int(name), os.readlink('/proc/self/fd/' + name)])
                except OSError:
                    pass  # the listing's own
            result = shown
        """
        shown = await inside.run(code)
    assert sorted(place.split(":")[0] for _, place in shown) == ["/dev/null", "pipe", "pipe", "pipe", "socket"]
    numbers = [int(place.split("[")[1][:-1]) for _, place in shown if place.startswith("socket")]
    assert theirs not in numbers
