"""A proxy that was asked for a tunnel is shown as the proxy it is, and never as the pool's server."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from page_reading import Node, read

from netminedet.api import Report, scan
from netminedet.report.formats import load_format
from netminedet.report.formats.table import render
from netminedet.report.page import PageOptions, write_page

SAMPLE = Path(__file__).parents[2] / "pcaps" / "names.pcap"
PROXY = "198.51.100.81:1080"


@pytest.fixture(scope="module")
def report() -> Report:
    return scan([SAMPLE])


@pytest.fixture(scope="module")
def page(report: Report) -> Node:
    stream = io.StringIO()
    write_page(report, stream, PageOptions())
    return read(stream.getvalue())


def test_the_table_of_pools_shows_servers_and_proxies_apart(page: Node) -> None:
    rows = page.one("table", id="pool-table").one("tbody").all("tr")
    servers = {row.one("th").text: row.all("td")[0].text for row in rows}
    assert servers["SupportXMR"].split(", ") == [
        "203.0.113.121:8443",
        "203.0.113.77:9000",
        f"through the proxy {PROXY}",
    ]
    assert servers["AntPool"].split(", ")[-2:] == [
        "through the proxy 198.51.100.80:3128",
        f"through the proxy {PROXY}",
    ]


def test_a_host_whose_visit_to_a_web_site_went_through_it_as_well(page: Node) -> None:
    (visitor,) = [one for one in page.all("article") if one.one("h3").text.startswith("10.13.0.14 ")]
    assert f"www.antpool.com, through the proxy {PROXY}, TLS" in visitor.text


def test_the_table_for_people_says_so(report: Report) -> None:
    stream = io.StringIO()
    render(report, stream)
    assert f"{PROXY} proxy" in stream.getvalue()
    assert "203.0.113.77:9000 tls " in stream.getvalue()


def test_exports_say_so(report: Report) -> None:
    streams = {name: io.StringIO() for name in ("csv", "syslog", "misp")}
    for name, stream in streams.items():
        load_format(name).render(report, stream)
    for name in ("csv", "syslog"):
        assert f"gulf.moneroocean.stream {PROXY} proxy" in streams[name].getvalue()
    attributes = json.loads(streams["misp"].getvalue())["Event"]["Attribute"]
    kinds = {one["value"]: (one["type"], one["to_ids"]) for one in attributes}
    assert kinds["gulf.moneroocean.stream"] == ("hostname", True)
    assert kinds["fr01.supportxmr.com|9000"] == ("hostname|port", True)
    about = [one["comment"] for one in attributes if one["value"] == PROXY.replace(":", "|")]
    assert {one.partition(" of ")[0] for one in about} == {"proxy that was asked for a pool"}
