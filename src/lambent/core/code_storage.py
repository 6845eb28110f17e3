"""How much code an account may keep: every version counts its package unzipped (facts A8)."""

from lambent.core.errors import CodeStorageExceeded
from lambent.core.function import CodePackage
from lambent.core.limits import CODE_STORAGE_BYTES


def check_code_storage(package: CodePackage, *, used: int) -> None:
    """Raise CodeStorageExceeded when one more version with this package is over the limit; `used` is in bytes, unzipped."""
    if used + package.unpacked_size > CODE_STORAGE_BYTES:
        raise CodeStorageExceeded("Code storage limit exceeded.")
