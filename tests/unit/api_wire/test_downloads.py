"""Download links: good for ten minutes, for one package, and not to be made by anyone else."""

import io
import zipfile

import pytest


@pytest.fixture
async def package(world):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", "x = 1\n")
    return await world.packages.add_zip(buffer.getvalue()), buffer.getvalue()


def target(link: str) -> str:
    return link.removeprefix("http://h")


async def test_a_link_gives_the_package_as_uploaded(world, send, package) -> None:
    stored, content = package
    status, headers, body = await send("GET", target(world.links.link("http://h", stored.digest)))
    assert (status, headers["content-type"], body) == (200, "application/zip", content)


@pytest.mark.parametrize(("seconds", "status"), [(599, 200), (601, 403)])
async def test_a_link_is_good_for_ten_minutes(world, send, package, seconds, status) -> None:
    link = target(world.links.link("http://h", package[0].digest))
    world.clock.advance(seconds)
    assert (await send("GET", link))[0] == status


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.replace("expires=1", "expires=2"),
        lambda link: link[:-1] + ("0" if link[-1] != "0" else "1"),
        lambda link: link.partition("?")[0],
        lambda link: link.replace("signature=", "signature=%C3%A9"),
        lambda link: link.replace("packages/", "packages/0"),
        lambda link: link.replace("packages/", "packages/..%2f"),
        lambda link: link.replace("expires=", "expires=nan&x="),
    ],
)
async def test_a_link_that_was_changed_is_refused(world, send, package, change) -> None:
    assert (await send("GET", change(target(world.links.link("http://h", package[0].digest)))))[0] == 403


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", ""])
async def test_a_genuine_link_to_nothing_finds_nothing(world, send, digest) -> None:
    assert (await send("GET", target(world.links.link("http://h", digest))))[0] == 404
