"""Runtimes out of Debian packages, without root: apt verifies and downloads a package with everything that it needs.

apt works in folders of its own, as if nothing were installed, so the C library comes along. The interpreter is started through
that library's own loader by a script, so neither the host's libraries nor the place where all of this lies matter.
"""

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

from lambent.adapters.runtimes.sources import InstallFailure, Unpacked, digests, needed, run
from lambent.core.runtime_sources import DebianSource

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_OTHERWISE = "this runtime comes from Debian packages only: use a Debian host, or a version manager such as rbenv or mise"
_SCRIPT = """\
#!/bin/sh
# Written by Lambent: starts this folder's {program} with this folder's libraries, wherever the folder is.
here=${{0%/*}}/..
lib=$here/usr/lib
exec "$lib/{triplet}/{loader}" --library-path "$lib/{triplet}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}" "$here/usr/bin/{program}" \\
  -I "$lib/ruby/vendor_ruby" -I "$lib/ruby/{api}" -I "$lib/{triplet}/ruby/{api}" "$@"
"""
_GEM_PATHS = """\
# Written by Lambent: RubyGems and RbConfig look below this folder, wherever it is.
root = File.expand_path('../../../../../..', __dir__)
RbConfig::CONFIG.update('bindir' => "#{root}/bin", 'ruby_install_name' => 'ruby', 'RUBY_INSTALL_NAME' => 'ruby')
class << Gem
  root = File.expand_path('../../../../../..', __dir__)
  gems = "#{root}/usr/lib/ruby/gems/#{RbConfig::CONFIG['ruby_version']}"
  define_method(:default_dir) { gems }
  define_method(:default_path) { [gems, "#{root}/usr/share/rubygems-integration/all"] }
  define_method(:default_specifications_dir) { "#{gems}/specifications/default" }
end
"""


def unpack_debian(source: DebianSource, folder: Path, say: Callable[[str], None]) -> Unpacked:
    """Download and unpack into `folder`. Raises InstallFailure."""
    apt = needed("apt-get", _OTHERWISE)
    unpack = needed("dpkg-deb", _OTHERWISE)
    if not _KEYRING.exists():
        raise InstallFailure(f"{_KEYRING} is missing, without which packages cannot be verified: {_OTHERWISE}")
    options = _private_folders(folder / "apt", _mirror(apt), source.suite)
    say(f"reading the package lists of Debian {source.suite}")
    run([apt, *options, "update"], "apt-get update", shown=True)
    say(f"downloading {source.package} and what it needs")
    run([apt, *options, "-y", "--download-only", "install", source.package], f"apt-get install {source.package}", shown=True)
    packages = sorted((folder / "apt" / "cache" / "archives").glob("*.deb"))
    say(f"unpacking {len(packages)} packages")
    root = folder / "root"
    for package in packages:
        run([unpack, "-x", str(package), str(root)], f"dpkg-deb -x {package.name}")
    _write_ruby(root, source.package)
    own = next((each.name for each in packages if each.name.startswith(f"{source.package}_")), source.package)
    return Unpacked(root=root, program="bin/ruby", source=f"{own} of Debian {source.suite}", contents=digests(packages))


def _mirror(apt: str) -> str:
    """The Debian mirror that this host is set up for."""
    known = run([apt, "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"], "apt-get indextargets").split()
    mirror = next((each for each in known if re.search(r"/debian/?$", each)), None)
    if mirror is None:
        raise InstallFailure(f"apt knows no Debian mirror on this host: {_OTHERWISE}")
    return mirror


def _private_folders(folder: Path, mirror: str, suite: str) -> list[str]:
    """Apt's options for folders of its own: the host's packages and lists are neither read nor changed."""
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {mirror} {suite} main\n")
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferencesparts": "-",
        "APT::Sandbox::User": "",
        "APT::Install-Recommends": "false",
        "Debug::NoLocking": "true",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _write_ruby(root: Path, package: str) -> None:
    """The script that starts it, and where its gems are."""
    loader = next(iter(sorted(root.glob("usr/lib/*/ld-linux-*.so.*"))), None)
    if loader is None or not (root / "usr/bin" / package).exists():
        raise InstallFailure(f"the packages of {package} do not have what was expected of them")
    api = package.removeprefix("ruby") + ".0"
    names = {"program": package, "triplet": loader.parent.name, "loader": loader.name, "api": api}
    script = root / "bin" / "ruby"
    script.parent.mkdir()
    script.write_text(textwrap.dedent(_SCRIPT).format(**names))
    script.chmod(0o755)
    (root / "usr/lib/ruby/vendor_ruby/rubygems/defaults/operating_system.rb").write_text(_GEM_PATHS)
