"""What a function sees of the file system before its own code is added: the plan by which enter.py builds a runtime's root."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lambent.adapters.sandbox.client_files import client_directory, runtimes_directory
from lambent.adapters.sandbox.native.resolvers import nameservers
from lambent.adapters.sandbox.seccomp import build_filter
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation

_TREE = {"": "dev etc home/sbx_user1051 mnt opt proc tmp usr", "var/": "lang/bin runtime task"}
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
        "environment": _environment(runtime),
        "interpreter": _interpreter(runtime) if inside else None,
        "client": _launcher() if runtime.family is RuntimeFamily.PROVIDED else None,
    }


def zygote_settings(runtime: RuntimeInstallation) -> Mapping[str, Any]:
    """The zygote's own settings. Builds the system call filter; raises SandboxFault without libseccomp."""
    return {
        "filter": base64.b64encode(build_filter()).decode(),
        "command": ["/var/lang/bin/node", "/var/runtime/bootstrap.js"] if runtime.family is RuntimeFamily.NODE else [],
        "environment": _environment(runtime),
    }


def _add_language(runtime: RuntimeInstallation, binds: list[list[str]], links: dict[str, str]) -> None:
    """The interpreter's folder at /var/lang; one that is part of the system is reached by links there."""
    if runtime.prefix is not None:
        binds.append([str(runtime.prefix), "/var/lang"])
    elif runtime.executable is not None:
        generic = "node" if runtime.family is RuntimeFamily.NODE else "python3"
        links.update({f"/var/lang/bin/{name}": str(runtime.executable) for name in {generic, runtime.executable.name}})


def _interpreter(runtime: RuntimeInstallation) -> str:
    """Its path inside."""
    executable, prefix = runtime.executable or Path("python3"), runtime.prefix
    below = (
        executable.relative_to(prefix)
        if prefix is not None and executable.is_relative_to(prefix)
        else Path("bin") / executable.name
    )
    return f"/var/lang/{below}"


def _environment(runtime: RuntimeInstallation) -> dict[str, str]:
    """Until the client is told the function's own. LD_LIBRARY_PATH: a shared libpython is found by nothing else."""
    library = {"LD_LIBRARY_PATH": "/var/lang/lib"} if runtime.prefix is not None else {}
    return {"PATH": PATH, "LANG": "en_US.UTF-8", "TZ": ":UTC", "HOME": f"/home/{_USER}", **library}


def _launcher() -> str:
    return str(runtimes_directory() / "provided" / "launcher.py")


def _synthetic() -> Mapping[str, str]:
    return {
        "/etc/passwd": f"root:x:0:0:root:/root:/sbin/nologin\n{_USER}:x:993:990::/home/{_USER}:/sbin/nologin\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n",
        "/etc/group": f"root:x:0:\n{_USER}:x:990:\nnogroup:x:65534:\n",
        "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
        "/etc/hostname": "localhost\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\nservices: files\n",
        "/etc/resolv.conf": "".join(f"nameserver {each}\n" for each in nameservers()) + "options timeout:1 attempts:5\n",
    }
