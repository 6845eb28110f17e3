"""How the commands reach a running Lambent: botocore clients, and errors turned into advice."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

DEFAULT_ENDPOINT = "http://127.0.0.1:4566"
EXIT_REFUSED = 1
"""The request was refused or could not be made. (2 is a wrong command line, by click.)"""
EXIT_FUNCTION_ERROR = 3
"""The function ran and failed."""


def endpoint_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The `--endpoint-url` that every client command takes."""
    return click.option(
        "--endpoint-url",
        envvar=["LAMBENT_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL"],
        default=DEFAULT_ENDPOINT,
        show_default=True,
        help="Where Lambent answers.",
    )(command)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def connect(service: str, endpoint_url: str) -> Any:  # noqa: ANN401 - botocore makes client classes at run time
    """A botocore client of one service at this endpoint; your AWS credentials if you set any, else unremarkable ones."""
    import botocore.session
    from botocore.config import Config

    session = botocore.session.get_session()
    if not (os.environ.get("AWS_ACCESS_KEY_ID") or os.environ.get("AWS_PROFILE")):
        session.set_credentials("lambent", "lambent")
    region = session.get_config_variable("region") or os.environ.get("AWS_REGION") or "us-east-1"
    patience = Config(read_timeout=930, connect_timeout=5, retries={"total_max_attempts": 1}, parameter_validation=True)
    return session.create_client(service, endpoint_url=endpoint_url, region_name=region, config=patience)


@contextmanager
def advice(endpoint_url: str) -> Iterator[None]:
    """Turn what goes wrong in a request into one clear line and exit status 1."""
    from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ParamValidationError

    try:
        yield
    except ClientError as error:
        refuse(f"{error.response['Error'].get('Code')}: {error.response['Error'].get('Message')}")
    except EndpointConnectionError:
        refuse(f"nothing answers at {endpoint_url}\nStart Lambent with: lambent start    (or say where it is: --endpoint-url)")
    except ParamValidationError as error:
        refuse(str(error))
    except BotoCoreError as error:
        refuse(f"the request to {endpoint_url} failed: {error}")


def refuse(message: str) -> None:
    """Say what is wrong on stderr and leave."""
    click.echo(f"error: {message}", err=True)
    sys.exit(EXIT_REFUSED)


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, indent=2, default=str))
