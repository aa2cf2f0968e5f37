"""Whether a trained run is used with what it was trained with."""

from collections.abc import Mapping

from lookmore.checkpoint.provenance import machine, versions
from lookmore.checkpoint.recogniser import Recogniser
from lookmore.engine.config import MachineConfig
from lookmore.engine.device import chosen_device
from lookmore.page.finding import Finding

PART = "Run"


def look_at_run(student: Recogniser) -> list[Finding]:
    """Return what the student is, where it was trained, and whether it has thresholds.

    Args:
        student: An opened run.
    """
    facts = student.facts
    what = (
        f"{student.side} px to {student.width} numbers, {facts.get('parameters', 0):,} parameters"
    )
    return [
        Finding(PART, "student", what, "fine"),
        _trained_with(facts.get("versions", {}), versions()),
        _trained_on(facts.get("machine", "unknown"), machine(chosen_device(MachineConfig()))),
        _thresholds(student),
    ]


def _trained_with(then: Mapping[str, str], now: Mapping[str, str]) -> Finding:
    changed = [
        f"{name} {then[name]} then, {now[name]} now"
        for name in now
        if name in then and then[name] != now[name]
    ]
    if not changed:
        return Finding(PART, "versions", "the same as in training", "fine")
    advice = "embeddings may differ in the last digits; resuming gives other bits"
    return Finding(PART, "versions", "; ".join(changed), "note", advice)


def _trained_on(then: str, now: str) -> Finding:
    return Finding(PART, "trained on", then + ("" if then == now else f"; this is {now}"), "fine")


def _thresholds(student: Recogniser) -> Finding:
    if student.thresholds:
        sides = sorted({found.probe_side for found in student.thresholds})
        found = f"{len(student.thresholds)}, for probes of {', '.join(map(str, sides))} px"
        return Finding(PART, "thresholds", found, "fine")
    advice = "lookmore calibrate RUN --far 1e-2 says from which similarity on two are the same"
    return Finding(PART, "thresholds", "none", "note", advice)
