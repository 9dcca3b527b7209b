"""Reports with holders are merged alike in any order and grouping, and nothing is lost or counted twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from netminedet.holders import Attribution, Place, Subscriber, Unit
from netminedet.model import FiveTuple
from netminedet.report.joining import join_suspects
from netminedet.suspects import Connection, Shares, Suspect
from netminedet.verdict.connections import MAX_CONNECTIONS
from netminedet.whose.enrich import behind_of
from tests.report.report_samples import FARM

WHO = [Subscriber("a"), Subscriber("b", "10.0.0.1"), Subscriber("", "10.0.0.2")]
TOLD = [
    None,
    *(Attribution("named", (who,), ("nat.csv:2",)) for who in WHO),
    Attribution("gap"),
    Attribution("ambiguous", (WHO[0], WHO[1])),
]
UNITS = [None, Unit("10.0.0.0/8", "A"), Unit("10.0.0.0/8", "B"), Unit("10.0.0.0/16", "C")]
PLACES = [{}, {"10.0.0.1": Place("CN")}, {"10.0.0.1": Place("US"), "192.0.2.1": Place("DE")}]


def connection(second: int, told: Attribution | None, proves: str) -> Connection:
    flow = FiveTuple(FARM.host, 40000 + second % 7, "192.0.2.1", 3333, "tcp")
    return Connection(flow, second, second + 1, proves, Shares(2, 1, 0), told)


def suspect(numbers: list[int], unit: Unit | None, places: dict[str, Place], omitted: int) -> Suspect:
    proves = ("confirmed", "probable")
    connections = tuple(
        connection(number, TOLD[number % len(TOLD)], proves[number % 2]) for number in numbers
    )
    behind = behind_of((), connections) if any(one.subscriber for one in connections) else None
    return replace(
        FARM, connections=connections, connections_omitted=omitted, unit=unit, places=places, behind=behind
    )


SUSPECTS = st.builds(
    suspect,
    st.lists(st.integers(0, 200), max_size=50, unique=True),
    st.sampled_from(UNITS),
    st.sampled_from(PLACES),
    st.integers(0, 3),
)


def holders(one: Suspect) -> tuple[object, ...]:
    return one.connections, one.connections_omitted, one.unit, one.places, one.behind


@given(st.lists(SUSPECTS, min_size=3, max_size=3))
def test_order_and_grouping_do_not_matter(given_: list[Suspect]) -> None:
    a, b, c = given_
    whole = holders(join_suspects([a, b, c]))
    assert holders(join_suspects([c, b, a])) == whole
    assert holders(join_suspects([join_suspects([a, b]), c])) == whole
    assert holders(join_suspects([a, join_suspects([c, b])])) == whole


@given(st.lists(SUSPECTS, min_size=1, max_size=4))
def test_nothing_is_lost(given_: list[Suspect]) -> None:
    joined = join_suspects(given_)
    assert len(joined.connections) <= MAX_CONNECTIONS
    there = sum(len(one.connections) + one.connections_omitted for one in given_)
    assert len(joined.connections) + joined.connections_omitted == there
    behinds = [one.behind for one in given_ if one.behind is not None]
    assert (joined.behind is None) is (not behinds)
    if joined.behind is not None:
        assert joined.behind.gaps == sum(one.gaps for one in behinds)
        for who in WHO:
            own = [seen for one in behinds for seen in one.subscribers if seen.subscriber == who]
            found = [seen for seen in joined.behind.subscribers if seen.subscriber == who]
            assert sum(one.connections for one in own) == sum(one.connections for one in found)
