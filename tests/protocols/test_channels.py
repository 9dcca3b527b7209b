"""Shares of several Stratum V2 channels, each measured by its own channel's target."""

from __future__ import annotations

import pytest

from netminedet.model import Side
from netminedet.protocols import channels as module
from netminedet.protocols.channels import Channels
from netminedet.protocols.stratum_v2 import Sv2Message, Value

EASY, HARD, HARDER = 1 << 224, 1 << 208, 1 << 200


def says(name: str, **fields: Value) -> Sv2Message:
    side = Side.CLIENT if name in ("SubmitSharesStandard", "SubmitSharesExtended") else Side.SERVER
    return Sv2Message(name, side, dict(fields), 0)


def opened(channel: int, target: int, group: int = 9) -> Sv2Message:
    name = "OpenStandardMiningChannel.Success"
    return says(name, request_id=1, channel_id=channel, target=target, group_channel_id=group)


def job(channel: int, number: int, *, future: bool = False) -> Sv2Message:
    return says("NewMiningJob", channel_id=channel, job_id=number, min_ntime=None if future else 7)


def share(channel: int, number: int, sequence: int = 1) -> Sv2Message:
    return says("SubmitSharesStandard", channel_id=channel, job_id=number, sequence_number=sequence)


def target(channel: int, value: int) -> Sv2Message:
    return says("SetTarget", channel_id=channel, maximum_target=value)


TWO = [opened(1, EASY), opened(2, HARD)]
CASES = [
    pytest.param([*TWO, job(1, 5), job(2, 5)], share(1, 5), EASY, id="own-channel"),
    pytest.param([*TWO, job(1, 5), job(2, 5)], share(2, 5), HARD, id="other-channel"),
    pytest.param([*TWO, job(9, 5)], share(2, 5), HARD, id="job-of-the-group"),
    pytest.param([*TWO, job(1, 5), target(1, HARDER)], share(1, 5), EASY, id="job-keeps-its-target"),
    pytest.param([*TWO, job(1, 5), target(1, HARDER), job(1, 6)], share(1, 6), HARDER, id="next-job"),
    pytest.param([*TWO, job(1, 5, future=True), target(1, HARDER)], share(1, 5), HARDER, id="future-job"),
    pytest.param([*TWO, target(9, HARDER), job(2, 5)], share(2, 5), HARDER, id="target-of-the-group"),
    pytest.param([*TWO, target(1, HARDER), job(2, 5)], share(2, 5), HARD, id="target-of-another"),
    pytest.param(
        [*TWO, says("SetGroupChannel", group_channel_id=8, channel_ids=("2",)), target(9, HARDER), job(2, 5)],
        share(2, 5), HARD, id="left-the-group",
    ),
    pytest.param([*TWO, says("CloseChannel", channel_id=1)], share(1, 5), None, id="closed"),
    pytest.param([], share(1, 5), None, id="never-opened"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "handed_in", "value"), CASES)
def test_target_of_a_share(before: list[Sv2Message], handed_in: Sv2Message, value: int | None) -> None:
    channels = Channels()
    for message in before:
        channels.targets(message)
    assert channels.targets(handed_in) == [value]


def test_answers_have_the_targets_of_their_shares() -> None:
    channels = Channels()
    for message in (*TWO, job(9, 5), share(1, 5, 1), share(2, 5, 1), share(1, 5, 2), share(1, 5, 3)):
        channels.targets(message)
    yes = says("SubmitShares.Success", channel_id=1, last_sequence_number=2)
    assert channels.targets(yes, 2) == [EASY, EASY]
    no = says("SubmitShares.Error", channel_id=1, sequence_number=3)
    assert channels.targets(no) == [EASY]
    assert channels.targets(yes, 3) == [None, None, None]
    other = says("SubmitShares.Success", channel_id=2, last_sequence_number=1)
    assert channels.targets(other, 1) == [HARD]


def test_tables_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHANNELS", 4)
    channels = Channels()
    for number in range(9):
        channels.targets(opened(number + 10, EASY, group=1))
    assert channels.targets(share(10, 1)) == [None]
    for number in range(module.MAX_CHANNEL_JOBS + 9):
        channels.targets(job(1, number))
    for number in range(module.MAX_UNANSWERED + 9):
        channels.targets(share(18, 1, number))
    yes = says("SubmitShares.Success", channel_id=18, last_sequence_number=1 << 31)
    assert None in channels.targets(yes, module.MAX_UNANSWERED + 1)
