"""The form in which Lambda writes points in time of functions, aliases and layers."""

from datetime import UTC, datetime


def lambda_timestamp(epoch: float) -> str:
    """Epoch seconds as `2018-11-27T15:10:45.123+0000` (service model, shape Timestamp; facts A1)."""
    moment = datetime.fromtimestamp(epoch, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"
