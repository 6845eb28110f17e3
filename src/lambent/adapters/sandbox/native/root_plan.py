"""What a function sees of the file system before its own code is added: the plan by which enter.py builds a runtime's root."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lambent.adapters.sandbox.client_files import (
    PYTHON_CLIENTS,
    client_directory,
    command_inside,
    program_name,
    runtimes_directory,
)
from lambent.adapters.sandbox.native.resolvers import nameservers
from lambent.adapters.sandbox.seccomp import build_filter
from lambent.core.environment_variables import library_path
from lambent.core.ports import SandboxPaths
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation

_TREE = {"": "dev etc home/sbx_user1051 mnt opt/lib proc tmp usr", "var/": "lang/bin runtime task/lib"}
"""The two `lib` are empty: a loader that looks for a folder of LD_LIBRARY_PATH and finds none never looks there again, and code
and layers with libraries come only after it has looked."""
_FOLDERS = tuple(f"/{above}{name}" for above, names in _TREE.items() for name in names.split())
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_COPIED = ("ld.so.cache", "localtime", "protocols", "services", "mime.types", "os-release", "gai.conf", "host.conf", "ethertypes")
"""Small files of /etc that programs look into; nothing of them is secret."""
_SHOWN = ("ssl/certs", "ssl/openssl.cnf", "alternatives", "pki/tls/certs", "pki/ca-trust/extracted", "crypto-policies", "fonts")
_USER = "sbx_user1051"
PATH = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"


def root_plan(runtime: RuntimeInstallation, host: Path = Path("/")) -> Mapping[str, Any]:
    """JSON for enter.py: folders, files and links to make, copies and binds [source, target], and what runs in it.

    `host` is where the host's files are looked for (for tests).
    """
    binds, links, folders = [[str(host / "usr"), "/usr"]], dict[str, str](), [*_FOLDERS]
    for name in _SYSTEM:
        path = host / name
        if path.is_symlink():
            links["/" + name] = str(path.readlink())
        elif path.is_dir():
            folders.append("/" + name)
            binds.append([str(path), "/" + name])
    for name in _SHOWN:
        path = host / "etc" / name
        if path.exists():
            folders.append(f"/etc/{name}" if path.is_dir() else f"/etc/{Path(name).parent}")
            binds.append([str(path.resolve()), f"/etc/{name}"])
    binds.append([str(client_directory(runtime)), "/var/runtime"])
    _add_language(runtime, binds, links)
    inside = runtime.family is RuntimeFamily.PYTHON
    if inside:
        binds.append([str(runtimes_directory() / "sandbox"), "/tmp"])  # noqa: S108 - until the zygote has loaded its programs from there
    return {
        "folders": folders,
        "files": _synthetic(),
        "copies": [[str(host / "etc" / name), "/etc/" + name] for name in _COPIED if (host / "etc" / name).is_file()],
        "links": links,
        "binds": binds,
        "environment": _environment(),
        "interpreter": _interpreter(runtime) if inside else None,
        "client": _launcher() if runtime.family is RuntimeFamily.PROVIDED else None,
    }


def zygote_settings(runtime: RuntimeInstallation) -> Mapping[str, Any]:
    """The zygote's own settings. Builds the system call filter; raises SandboxFault without libseccomp."""
    return {
        "filter": base64.b64encode(build_filter()).decode(),
        "command": [] if runtime.family in PYTHON_CLIENTS else command_inside(runtime, ""),
        "environment": _environment(),
    }


def _add_language(runtime: RuntimeInstallation, binds: list[list[str]], links: dict[str, str]) -> None:
    """The interpreter's folder at /var/lang; one that is part of the system is reached by links there."""
    if runtime.prefix is not None:
        binds.append([str(runtime.prefix), "/var/lang"])
    elif runtime.executable is not None:
        names = {program_name(runtime.family), runtime.executable.name}
        links.update({f"/var/lang/bin/{name}": str(runtime.executable) for name in names})


def _interpreter(runtime: RuntimeInstallation) -> str:
    """Its path inside."""
    executable, prefix = runtime.executable or Path("python3"), runtime.prefix
    below = (
        executable.relative_to(prefix)
        if prefix is not None and executable.is_relative_to(prefix)
        else Path("bin") / executable.name
    )
    return f"/var/lang/{below}"


def _environment() -> dict[str, str]:
    """Until the client is told the function's own. Loaders read LD_LIBRARY_PATH now, for what comes with code and layers, too."""
    return {
        "PATH": PATH,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": f"/home/{_USER}",
        "LD_LIBRARY_PATH": library_path(SandboxPaths()),
    }


def _launcher() -> str:
    return str(runtimes_directory() / "provided" / "launcher.py")


def _synthetic() -> Mapping[str, str]:
    return {
        "/etc/passwd": f"root:x:0:0:root:/root:/sbin/nologin\n{_USER}:x:993:990::/home/{_USER}:/sbin/nologin\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n",
        "/etc/group": f"root:x:0:\n{_USER}:x:990:\nnogroup:x:65534:\n",
        "/etc/hosts": "127.0.0.1 localhost sandbox.localdomain sandbox.local sandbox\n::1 localhost\n",
        "/etc/hostname": "localhost\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\nservices: files\n",
        "/etc/resolv.conf": "".join(f"nameserver {each}\n" for each in nameservers()) + "options timeout:1 attempts:5\n",
    }
