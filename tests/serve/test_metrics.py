"""The text for Prometheus, read back by Prometheus' own parser."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lookmore.serve.metrics import Counter, Gauge, Histogram, exposition


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every number of a text, by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_counter_counts_each_combination_of_labels() -> None:
    asked = Counter("asked_total", "Questions.", "path", "status")
    for path, status in [("/a", "200"), ("/a", "200"), ("/a", "503"), ("/b", "200")]:
        asked.add(path, status)
    assert samples(exposition([asked])) == {
        ("asked_total", (("path", "/a"), ("status", "200"))): 2.0,
        ("asked_total", (("path", "/a"), ("status", "503"))): 1.0,
        ("asked_total", (("path", "/b"), ("status", "200"))): 1.0,
    }


def test_a_histogram_is_cumulative_and_a_bound_belongs_to_its_bucket() -> None:
    took = Histogram("took_seconds", "Time.", bounds=(0.1, 0.5))
    for value in (0.05, 0.1, 0.3, 2.0):
        took.observe(value)
    assert samples(exposition([took])) == {
        ("took_seconds_bucket", (("le", "0.1"),)): 2.0,
        ("took_seconds_bucket", (("le", "0.5"),)): 3.0,
        ("took_seconds_bucket", (("le", "+Inf"),)): 4.0,
        ("took_seconds_sum", ()): pytest.approx(2.45),
        ("took_seconds_count", ()): 4.0,
    }


def test_a_gauge_is_read_when_it_is_looked_at() -> None:
    level = {"": 3.0}
    gauge = Gauge("level", "Level.", read=lambda: level)
    assert samples(exposition([gauge])) == {("level", ()): 3.0}
    level[""] = 0.5
    assert samples(exposition([gauge])) == {("level", ()): 0.5}


def test_labels_may_hold_anything() -> None:
    odd = 'quote " backslash \\ line\nbreak'
    asked = Counter("asked_total", "Questions.", "path")
    asked.add(odd)
    assert samples(exposition([asked])) == {("asked_total", (("path", odd),)): 1.0}


def test_kinds_and_sentences_are_told() -> None:
    took = Histogram("took_seconds", "Time.", bounds=(1.0,))
    families = list(
        text_string_to_metric_families(exposition([Counter("n_total", "N.", "a"), took]))
    )
    assert [(found.name, found.type, found.documentation) for found in families] == [
        ("n", "counter", "N."),
        ("took_seconds", "histogram", "Time."),
    ]
