"""Stratum V2 channels: by which target a share of one of several channels on a connection is measured.

A target belongs to a channel (sv2-spec section 5.3).  SetTarget (5.3.21) holds for jobs that come
later and for those received with an empty ``min_ntime``; a job received with one keeps its target.
What is sent to a group channel holds for all channels of the group (5.3.22).
"""

from __future__ import annotations

from collections import OrderedDict

from msgspec import Struct, field

from netminedet.protocols.latest import keep_latest
from netminedet.protocols.stratum_v2 import Sv2Message

#: Channels of a connection, jobs of a channel, and shares of a channel without an answer.
MAX_CHANNELS = 1024
MAX_CHANNEL_JOBS = 64
MAX_UNANSWERED = 512


class _Channel(Struct):
    target: int
    group: int
    #: job -> (target, received with an empty min_ntime)
    jobs: OrderedDict[int, tuple[int, bool]] = field(default_factory=OrderedDict)
    #: sequence number -> target
    unanswered: OrderedDict[int, int] = field(default_factory=OrderedDict)


class Channels:
    """The channels of one connection; both directions' messages in the order in which they come."""

    def __init__(self) -> None:
        self._open: OrderedDict[int, _Channel] = OrderedDict()
        #: the protocol that the client asked for: 0 mining, 1 job declaration, 2 template distribution
        self.protocol: int | None = None

    def targets(self, message: Sv2Message, times: int = 1) -> list[int | None]:
        """Take in a message: the targets of the shares that it hands in or answers, ``times`` in all."""
        fields = {name: value for name, value in message.fields.items() if isinstance(value, int)}
        name, number = message.name, fields.get("channel_id", -1)
        self.protocol = fields.get("protocol", self.protocol)
        if name.startswith("Open") and name.endswith("Success") and fields:
            self._opened(number, _Channel(fields["target"], fields.get("group_channel_id", -1)))
        elif name == "SetTarget" and fields:
            self._set_target(number, fields["maximum_target"])
        elif name in ("NewMiningJob", "NewExtendedMiningJob", "SetCustomMiningJob.Success") and fields:
            future = name.startswith("New") and "min_ntime" not in fields
            self._job(number, fields["job_id"], future)
        elif name == "SetGroupChannel":
            self._regroup(message)
        elif name == "CloseChannel":
            self._open.pop(number, None)
        elif name.startswith("SubmitShares") and fields:
            return self._share(name, self._open.get(number), fields, times)
        return [None] * times

    def _opened(self, number: int, channel: _Channel) -> None:
        keep_latest(self._open, number, channel, MAX_CHANNELS)

    def _addressed(self, number: int) -> list[_Channel]:
        """The channel with the number, and those of the group with it."""
        own = self._open.get(number)
        return [one for one in self._open.values() if one is own or one.group == number]

    def _set_target(self, number: int, target: int) -> None:
        for channel in self._addressed(number):
            channel.target = target
            for job, (_, future) in channel.jobs.items():
                if future:
                    channel.jobs[job] = target, True

    def _job(self, number: int, job: int, future: bool) -> None:
        for channel in self._addressed(number):
            keep_latest(channel.jobs, job, (channel.target, future), MAX_CHANNEL_JOBS)

    def _regroup(self, message: Sv2Message) -> None:
        group, members = message.fields.get("group_channel_id"), message.fields.get("channel_ids")
        if isinstance(group, int) and isinstance(members, tuple):
            for member in members:
                if (channel := self._open.get(int(member))) is not None:
                    channel.group = group

    def _share(
        self, name: str, channel: _Channel | None, fields: dict[str, int], times: int
    ) -> list[int | None]:
        if channel is None:
            return [None] * times
        waiting = channel.unanswered
        if name in ("SubmitSharesStandard", "SubmitSharesExtended"):
            target = channel.jobs.get(fields["job_id"], (channel.target, False))[0]
            waiting[fields["sequence_number"]] = target
            if len(waiting) > MAX_UNANSWERED:
                waiting.popitem(last=False)
            return [target]
        if name == "SubmitShares.Error":
            return [waiting.pop(fields["sequence_number"], None)]
        last = fields["last_sequence_number"]
        answered = [number for number in waiting if number <= last]
        found: list[int | None] = [waiting.pop(number) for number in answered]
        return ([None] * times + found)[-times:]
