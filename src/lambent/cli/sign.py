"""`lambent sign`: sign a code package, for functions whose code signing configuration asks for it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lambent.wiring.signing import Signer

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("package", type=click.Path(exists=True, path_type=Path))
@click.option("--key", required=True, type=_FILE, help="Private key in PEM: RSA or elliptic curve. A passphrase is asked for.")
@click.option("--certificate", required=True, type=_FILE, help="Its certificate in PEM, as the server's signing_profiles has it.")
@click.option("--days", type=click.IntRange(1, 4106), help="How long the signature holds [default: as the certificate does].")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write [default: NAME.signed.zip].")
def sign(package: Path, key: Path, certificate: Path, days: int | None, output: Path | None) -> None:
    """Sign PACKAGE, a zip or a folder, as a function's code or a layer.

    The result can be deployed with any AWS tool. A server trusts it once its setting signing_profiles has the certificate.
    """
    from lambent.cli.package import zip_folder
    from lambent.wiring.signing import CannotSign
    from lambent.wiring.signing import sign as signed

    content = zip_folder(package) if package.is_dir() else package.read_bytes()
    try:
        result = signed(content, _signer(key, certificate), days=days)
    except CannotSign as error:
        raise click.ClickException(str(error)) from error
    place = output or package.with_name(f"{package.stem if package.is_file() else package.resolve().name}.signed.zip")
    place.write_bytes(result)
    click.echo(place)


def _signer(key: Path, certificate: Path) -> "Signer":
    from lambent.wiring.signing import Signer

    try:
        return Signer.load(key, certificate, None)
    except TypeError:  # how the library says that the key is encrypted
        return Signer.load(key, certificate, click.prompt("Passphrase of the key", hide_input=True, err=True))
