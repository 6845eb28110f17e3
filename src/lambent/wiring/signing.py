"""What `lambent sign` does: a key and a certificate in PEM files, and a zip that comes out signed."""

from datetime import UTC, datetime, timedelta

from lambent.adapters.signatures import CannotSign, Signer, signed_zip
from lambent.adapters.system import SystemChance

__all__ = ["CannotSign", "Signer", "sign"]


def sign(content: bytes, signer: Signer, *, days: int | None) -> bytes:
    """The zip, signed now as a job of its own. `days`: how long the signature holds; None: as long as the certificate.

    Raises CannotSign.
    """
    expires = None if days is None else datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    return signed_zip(content, signer, job=SystemChance().uuid(), expires=expires)
