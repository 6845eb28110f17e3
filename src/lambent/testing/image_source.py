"""An image registry in memory, for tests."""

from lambent.core.container_images import ImageReference, invalid_image, unsupported_manifest


class FakeImageSource:
    """`images` maps (repository, tag or digest) to a digest; an empty digest stands for an index of several images."""

    def __init__(self) -> None:
        self.images: dict[tuple[str, str], str] = {}

    async def resolve(self, image: ImageReference) -> str:
        digest = self.images.get((image.repository, image.digest or image.tag or ""))
        if digest is None:
            raise invalid_image(image.uri)
        if not digest:
            raise unsupported_manifest(image.uri)
        return digest
