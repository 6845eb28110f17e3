"""The composition root: Settings in, a connected Platform out; the only place that knows every adapter."""

from lambent.wiring.diagnosis import Diagnosis, diagnose
from lambent.wiring.levels import StartFailure
from lambent.wiring.opening import build

__all__ = ["Diagnosis", "StartFailure", "build", "diagnose"]
