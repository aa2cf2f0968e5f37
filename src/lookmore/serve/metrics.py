"""What the server counts, as text that Prometheus reads."""

import bisect
import threading
from collections.abc import Callable, Mapping, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
IMAGES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)

_Labels = tuple[str, ...]


class Counter:
    """A number that only grows, for each combination of its labels.

    Args:
        name: Of the metric, ending in ``_total``.
        about: One sentence.
        labels: Names of its labels.
    """

    def __init__(self, name: str, about: str, *labels: str) -> None:
        self.name, self.about, self.labels = name, about, labels
        self._values: dict[_Labels, int] = {}
        self._lock = threading.Lock()

    def add(self, *values: str) -> None:
        """Add one, under the values of the labels."""
        with self._lock:
            self._values[values] = self._values.get(values, 0) + 1

    def lines(self) -> list[str]:
        """Return the metric in Prometheus' text format."""
        with self._lock:
            found = sorted(self._values.items())
        head = _head(self.name, self.about, "counter")
        return head + [f"{self.name}{_tagged(self.labels, key)} {n}" for key, n in found]


class Histogram:
    """How often values fell below each of some bounds, for each combination of its labels.

    Args:
        name: Of the metric, with its unit.
        about: One sentence.
        labels: Names of its labels.
        bounds: Upper ends, rising; "infinity" is added.
    """

    def __init__(self, name: str, about: str, *labels: str, bounds: Sequence[float]) -> None:
        self.name, self.about, self.labels = name, about, labels
        self._bounds = tuple(bounds)
        self._counts: dict[_Labels, list[int]] = {}
        self._sums: dict[_Labels, float] = {}
        self._lock = threading.Lock()

    def observe(self, value: float, *values: str) -> None:
        """Count one value, under the values of the labels."""
        place = bisect.bisect_left(self._bounds, value)  # a bound belongs to its own bucket
        with self._lock:
            counts = self._counts.setdefault(values, [0] * (len(self._bounds) + 1))
            counts[place] += 1
            self._sums[values] = self._sums.get(values, 0.0) + value

    def lines(self) -> list[str]:
        """Return the metric in Prometheus' text format."""
        with self._lock:
            found = [(key, list(n), self._sums[key]) for key, n in sorted(self._counts.items())]
        lines = _head(self.name, self.about, "histogram")
        names = (*self.labels, "le")
        for key, counts, total in found:
            below = 0
            for bound, count in zip((*map(_number, self._bounds), "+Inf"), counts, strict=True):
                below += count
                lines.append(f"{self.name}_bucket{_tagged(names, (*key, bound))} {below}")
            lines.append(f"{self.name}_sum{_tagged(self.labels, key)} {_number(total)}")
            lines.append(f"{self.name}_count{_tagged(self.labels, key)} {below}")
        return lines


class Gauge:
    """A number that is asked for when somebody looks.

    Args:
        name: Of the metric.
        about: One sentence.
        label: Name of its one label; empty: none.
        read: Returns the number for each value of the label; ``""`` where there is no label.
    """

    def __init__(
        self, name: str, about: str, *, label: str = "", read: Callable[[], Mapping[str, float]]
    ) -> None:
        self.name, self.about, self.label, self._read = name, about, label, read

    def lines(self) -> list[str]:
        """Return the metric in Prometheus' text format."""
        names = (self.label,) if self.label else ()
        return _head(self.name, self.about, "gauge") + [
            f"{self.name}{_tagged(names, (key,) if self.label else ())} {_number(value)}"
            for key, value in sorted(self._read().items())
        ]


def batch_sizes() -> Histogram:
    """Return the metric of how many images shared a pass of a network."""
    about = "Images that a network was shown at once."
    return Histogram("lookmore_batch_images", about, "network", bounds=IMAGES)


def exposition(metrics: Sequence[Counter | Histogram | Gauge]) -> str:
    """Return all metrics as one text.

    Example:
        >>> asked = Counter("asked_total", "Questions.", "path")
        >>> asked.add("/search")
        >>> print(exposition([asked]), end="")
        # HELP asked_total Questions.
        # TYPE asked_total counter
        asked_total{path="/search"} 1
    """
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines())


def _head(name: str, about: str, kind: str) -> list[str]:
    return [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]


def _tagged(names: Sequence[str], values: Sequence[str]) -> str:
    pairs = [f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
