"""A page with the counters of a watch, for Prometheus.

The names follow those of the ``stats`` event.  The page is served by a thread of its own from the latest
figures, so that whoever asks for it disturbs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netminedet.errors import NetminedetError
from netminedet.live.events import JsonObject

#: What of ``capture`` and ``interval`` is shown, and what it is.
_CAPTURE = {
    "seen": "Packets that the sieve has seen",
    "bytes": "Captured bytes that the sieve has seen",
    "received": "Packets that the system had for the watch, those dropped included",
    "dropped": "Packets for which the ring had no room",
    "freezes": "Times that the ring was full",
    "vlan_restored": "Packets into which a VLAN tag was put back",
    "loopback_copies": "Second copies of packets of the loopback interface, which are left out",
    "packets_cut": "Packets that were not whole",
    "records_malformed": "Records of the ring that cannot be true",
    "interface_lost": "Times that an interface went down or away",
    "interface_back": "Times that an interface came back",
}
_INTERVAL = {
    "ring_high_water": "The fullest that the ring was in the latest interval, from 0 to 1",
    "lag_ms": "The longest that a packet waited in the latest interval, in milliseconds",
}
#: Counters of a stage that can fall: how many entries are kept.
_KEPT = "kept_"


def need_library() -> Any:
    """The prometheus_client library; raises NetminedetError where it is missing."""
    try:
        import prometheus_client
    except ImportError:
        raise NetminedetError(
            "--metrics needs the package prometheus-client; install it: pip install prometheus-client"
        ) from None
    return prometheus_client


class Metrics:
    """Serves the page at (address, port); raises NetminedetError where that cannot be."""

    def __init__(self, address: str, port: int) -> None:
        library = need_library()
        self._figures: JsonObject = {}
        registry = library.CollectorRegistry()
        registry.register(self)
        try:
            self._server, self._thread = library.start_http_server(port, address, registry)
        except OSError as error:
            reason = error.strerror or error
            raise NetminedetError(
                f"metrics cannot be served at {address}:{port}: {reason}; choose another with --metrics"
            ) from None

    @property
    def port(self) -> int:
        """The port that the page is at."""
        return int(self._server.server_port)

    def show(self, figures: JsonObject) -> None:
        """Have these figures on the page from now on."""
        self._figures = figures

    def collect(self) -> Iterator[Any]:
        """The page's contents; called by the library."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        figures = self._figures
        if not figures:
            return
        for name, what in _CAPTURE.items():
            metric = CounterMetricFamily(f"netminedet_capture_{name}", what, labels=["source"])
            for source, counts in figures["sources"].items():
                metric.add_metric([source], counts.get(name, 0))
            yield metric
        for name, what in _INTERVAL.items():
            yield GaugeMetricFamily(f"netminedet_{name}", what, value=figures["interval"][name])
        stages = CounterMetricFamily("netminedet_stage", "Counters of the stages", labels=["counter"])
        kept = GaugeMetricFamily("netminedet_kept", "Entries that are kept", labels=["table"])
        for name, count in figures["stages"].items():
            if name.startswith(_KEPT):
                kept.add_metric([name.removeprefix(_KEPT)], count)
            else:
                stages.add_metric([name], count)
        yield from (stages, kept)
        for name, share in figures["upstream"].items():
            if share is not None:
                what = f"Of a sample of TCP flows the share: {name}"
                yield GaugeMetricFamily(f"netminedet_upstream_{name}", what, value=share)
        for name in ("suspects_active", "suspects_known"):
            what = name.replace("_", " ").capitalize()
            yield GaugeMetricFamily(f"netminedet_{name}", what, value=figures[name])
        yield GaugeMetricFamily(
            "netminedet_resident_bytes", "Resident memory", value=figures["memory"]["resident"]
        )
        for name, count in figures["output"].items():
            yield GaugeMetricFamily(f"netminedet_output_{name}", f"Events of the output: {name}", value=count)
        yield CounterMetricFamily(
            "netminedet_state_errors",
            "Times that the state could not be written",
            value=figures["state_errors"],
        )

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
