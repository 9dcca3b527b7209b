"""Community IDs against the baselines of the specification."""

from __future__ import annotations

import pytest

from netminedet.model import FiveTuple
from netminedet.report.community_id import community_id

BASELINES = [
    pytest.param(
        FiveTuple("128.232.110.120", 34855, "66.35.250.204", 80, "tcp"),
        "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
        id="tcp-ipv4",
    ),
    pytest.param(
        FiveTuple("192.168.1.52", 54585, "8.8.8.8", 53, "udp"),
        "1:d/FP5EW3wiY1vCndhwleRRKHowQ=",
        id="udp-ipv4",
    ),
    pytest.param(
        FiveTuple("2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a", 25, "tcp"),
        "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=",
        id="tcp-ipv6",
    ),
]


@pytest.mark.parametrize(("flow", "expected"), BASELINES)
def test_baselines(flow: FiveTuple, expected: str) -> None:
    assert community_id(flow) == expected
    assert community_id(flow.reversed()) == expected


def test_seed() -> None:
    flow = FiveTuple("128.232.110.120", 34855, "66.35.250.204", 80, "tcp")
    assert community_id(flow, seed=1) == "1:3V71V58M3Ksw/yuFALMcW0LAHvc="


def test_equal_addresses_are_ordered_by_port() -> None:
    flow = FiveTuple("10.0.0.1", 4000, "10.0.0.1", 300, "tcp")
    assert community_id(flow) == community_id(flow.reversed())
