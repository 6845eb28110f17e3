"""Layers: numbered, immutable packages that functions mount under /opt."""

from dataclasses import dataclass

from lambent.core.function import CodePackage, Owner


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerKey:
    """Names one layer (all of its versions)."""

    owner: Owner
    name: str

    @property
    def arn(self) -> str:
        """The layer's ARN, without a version."""
        return self.owner.arn(f"layer:{self.name}")

    def version_arn(self, version: int) -> str:
        """The ARN of one version."""
        return f"{self.arn}:{version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerVersion:
    """One published layer version. Never changes; numbers are never reused."""

    key: LayerKey
    version: int
    package: CodePackage
    created: float
    """Epoch seconds."""
    description: str = ""
    license_info: str | None = None
    compatible_runtimes: tuple[str, ...] = ()
    compatible_architectures: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """The ARN of this version."""
        return self.key.version_arn(self.version)
