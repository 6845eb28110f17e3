"""What some end-to-end tests need of this host; what is missing skips visibly."""

import pytest


@pytest.fixture(scope="session")
def native(diagnosis: dict[str, object]) -> None:
    if diagnosis["chosen"] != "native":
        pytest.skip("needs the native isolation level")
