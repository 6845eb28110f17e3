"""What a figure was measured on."""

import os
import platform
import subprocess
from pathlib import Path

from bench.lambent_server import Host
from bench.peers import install


def facts(host: Host) -> dict[str, object]:
    """The machine, the load it had before, and versions of everything that takes part."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "node": _output("node", "--version"),
        "load_average_before": [round(each, 2) for each in os.getloadavg()],
        "lambent": _output("git", "rev-parse", "--short", "HEAD"),
        "isolation": host.isolation,
        "runtimes": list(host.runtimes),
        "interpreters": dict(host.interpreters),
        "peers": {
            "rie": f"of aws-sam-cli {install.AWS_SAM_CLI}",
            "awslambdaric": install.AWSLAMBDARIC,
            "ministack": install.MINISTACK,
            "serverless": install.SERVERLESS,
            "serverless-offline": install.SERVERLESS_OFFLINE,
        },
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except OSError:
        return ""
