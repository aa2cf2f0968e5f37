"""Rows that belong into one table: the same protocol, degradation and metric."""

from collections.abc import Iterable
from typing import NamedTuple

from lookmore.evaluate.labels import in_order, is_reference
from lookmore.evaluate.rows import Row


class Group(NamedTuple):
    """Comparable rows, in the reader's order: controls, rivals, ours."""

    protocol: str
    degradation: str
    metric: str
    rows: list[Row]


def grouped(rows: Iterable[Row]) -> list[Group]:
    """Sort rows into groups, in the order in which protocols, degradations and metrics appear.

    Rows of sharp probes (the teacher's, the assistant's) are of no degradation: they stand in every
    group of their protocol and metric, and alone where there is none.
    """
    rows = list(rows)
    probes = [row for row in rows if not is_reference(row)]
    sharp = [row for row in rows if is_reference(row)]
    keys = dict.fromkeys((row.protocol, row.degradation, row.metric) for row in probes)
    met = {(protocol, metric) for protocol, _, metric in keys}
    lonely = [row for row in sharp if (row.protocol, row.metric) not in met]
    keys |= dict.fromkeys((row.protocol, row.degradation, row.metric) for row in lonely)
    return [
        Group(
            protocol,
            degradation,
            metric,
            in_order(
                row
                for row in rows
                if (row.protocol, row.metric) == (protocol, metric)
                and (is_reference(row) or row.degradation == degradation)
            ),
        )
        for protocol, degradation, metric in keys
    ]
