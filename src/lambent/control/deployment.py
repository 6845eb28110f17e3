"""What deployments go through: the use cases that bring in code, find layers and check both, as one value."""

from dataclasses import dataclass

from lambent.control.code import CodeIntake
from lambent.control.layers import LayerControl
from lambent.control.signature_check import SignatureCheck


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """Shared by all who create or update functions."""

    code: CodeIntake
    layers: LayerControl
    signatures: SignatureCheck
