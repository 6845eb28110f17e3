"""The ObjectSource on S3: fetches code that a request names by bucket and key, from the configured endpoint."""

import asyncio
import threading
from pathlib import Path
from typing import Any, NoReturn

from lambent.core.errors import InvalidParameterValue

_CHUNK_BYTES = 1024 * 1024
_CONNECT_SECONDS = 5
_READ_SECONDS = 60


class S3ObjectSource:
    """GetObject over botocore, in a thread. The client is made at the first use: botocore is slow to import."""

    def __init__(self, endpoint: str | None, *, region: str) -> None:
        """`endpoint`: base URL of an S3 service; None refuses every fetch, naming the setting."""
        self._endpoint = endpoint
        self._region = region
        self._client: Any = None
        self._making = threading.Lock()

    async def fetch(self, *, bucket: str, key: str, version: str | None, into: Path, limit: int) -> None:
        if self._endpoint is None:
            raise InvalidParameterValue(
                "Code in S3 needs an S3 endpoint to fetch it from, and none is configured. Set s3_endpoint "
                "(LAMBENT_S3_ENDPOINT=http://127.0.0.1:9000), or send the code as ZipFile."
            )
        wanted = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
        await asyncio.to_thread(self._fetch, wanted, into, limit)

    def _fetch(self, wanted: dict[str, str], into: Path, limit: int) -> None:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415 - slow to import

        try:
            reply = self._connected().get_object(**wanted)
            _copy(reply["Body"], into, limit)
        except ClientError as error:
            facts = error.response.get("Error", {})
            _refuse(str(facts.get("Code")), str(facts.get("Message")), error)
        except (BotoCoreError, HTTPClientError, ConnectionError, TimeoutError) as error:
            _refuse("ServiceUnavailable", f"The S3 endpoint {self._endpoint} does not answer: {error}", error)

    def _connected(self) -> Any:  # noqa: ANN401 - botocore makes client classes at run time
        import botocore.session  # noqa: PLC0415 - slow to import
        from botocore.config import Config  # noqa: PLC0415

        with self._making:
            if self._client is None:
                session = botocore.session.get_session()
                session.set_credentials("lambent", "lambent")
                patience = Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_READ_SECONDS,
                    retries={"total_max_attempts": 2},
                    s3={"addressing_style": "path"},
                    response_checksum_validation="when_required",
                )
                self._client = session.create_client("s3", endpoint_url=self._endpoint, region_name=self._region, config=patience)
            return self._client


def _copy(body: Any, into: Path, limit: int) -> None:  # noqa: ANN401 - botocore's streaming body
    """Raises InvalidParameterValue once more than `limit` bytes have come; the incomplete file is its owner's to remove."""
    size = 0
    with into.open("wb") as file:
        for chunk in body.iter_chunks(_CHUNK_BYTES):
            size += len(chunk)
            if size > limit:
                raise InvalidParameterValue(f"The S3 object is over the limit of {limit} bytes")
            file.write(chunk)


def _refuse(code: str, message: str, error: Exception) -> NoReturn:
    """Lambda's words for what S3 answered."""
    raise InvalidParameterValue(f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}") from error
