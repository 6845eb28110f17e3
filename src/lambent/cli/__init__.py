"""The command line: an HTTP client of the API, but for `start`, `doctor` and `sign`, which work on this machine."""

import click

from lambent import __version__
from lambent.cli.deploy import deploy
from lambent.cli.doctor import doctor
from lambent.cli.invoke import invoke
from lambent.cli.list import list_functions
from lambent.cli.logs import logs
from lambent.cli.runtimes import runtimes
from lambent.cli.sign import sign
from lambent.cli.start import start


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="lambent")
def main() -> None:
    r"""AWS Lambda that you run yourself.

    \b
    lambent start                          serve the Lambda API on http://127.0.0.1:4566
    lambent deploy ./hello                 create or update a function from a folder or a zip
    lambent invoke hello --payload '{}'    run it: result, log lines, duration
    lambent logs hello --follow            watch its log
    lambent runtimes                       which runtimes this machine has, and how to get others

    Any AWS tool works too: aws --endpoint-url http://127.0.0.1:4566 lambda ...
    """


for command in (start, doctor, runtimes, deploy, invoke, list_functions, logs, sign):
    main.add_command(command)
