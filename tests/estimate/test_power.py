from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.estimate.algorithms import ALGORITHMS
from netminedet.estimate.power import PowerTable, load_power, parse_power, total_power
from netminedet.estimate.rate import RateEstimate, estimate_rate, reported_rate
from netminedet.signatures import SignatureError

TABLE = load_power()
HEADER = "kind,key,algorithm,per,low,typical,high,certainty,source,note\n"


def rate(value: float, unit: str = "H") -> RateEstimate:
    found = reported_rate([0.9 * value, value, 1.1 * value], unit)
    assert found is not None
    return found


def table(*rows: str) -> PowerTable:
    return parse_power(HEADER + "\n".join(rows) + "\n", "power.csv")


@pytest.mark.parametrize(
    ("hardware", "key"),
    [
        ("Antminer S19 Pro", "Antminer S19 Pro"),
        ("antminer s19-pro 110T", "Antminer S19 Pro"),
        ("ANTMINER S19PRO 110TH/s", "Antminer S19 Pro"),
        ("Antminer S19", "Antminer S19"),
        ("Antminer S19 95T", "Antminer S19"),
        ("Antminer S19 Quux", "sha256d"),
        ("Antminer", "sha256d"),
        ("", "sha256d"),
        ("Antminer S19" + "x" * 500, "sha256d"),
    ],
)
def test_models_are_found_in_any_spelling(hardware: str, key: str) -> None:
    found = TABLE.find("sha256d", hardware=hardware)
    assert found is not None
    assert found.key == key


def test_device_before_family_before_algorithm() -> None:
    families = ["home-asic", "asic"]
    found = [
        TABLE.find("sha256d", hardware="Antminer S21", families=families),
        TABLE.find("sha256d", hardware="BitAxe (BM9999)", families=families),
        TABLE.find("sha256d", families=["avalanche", "asic"]),
        TABLE.find("sha256d", families=["gpu"]),
        TABLE.find("kawpow", hardware="Antminer S21", families=["gpu"]),
        TABLE.find("x11", families=["gpu"]),
        TABLE.find("octopus", families=["gpu"]),
    ]
    assert [row.key if row else None for row in found] == [
        "Antminer S21",
        "home-asic",
        "asic",
        None,
        "gpu",
        None,
        None,
    ]


def test_an_s19_pro_draws_what_it_draws() -> None:
    found = TABLE.estimate(rate(110e12), "sha256d", hardware="Antminer S19 Pro")
    assert found is not None
    assert found.typical_kw == pytest.approx(3.25, rel=0.01)
    assert found.low_kw == pytest.approx(0.9 * 110 * 26.59 / 1000, rel=0.01)
    assert found.high_kw == pytest.approx(1.1 * 110 * 33.98 / 1000, rel=0.01)
    assert found.typical_kwh_day == pytest.approx(78.0, rel=0.01)
    assert found.low_kwh_day < found.typical_kwh_day < found.high_kwh_day
    assert found.basis == "device"
    assert found.assumption.startswith(
        "the device is an Antminer S19 Pro, as its software says, 29.6 J for 1 TH ("
    )


def test_assumptions_are_said() -> None:
    family = TABLE.estimate(rate(5000.0), "randomx", families=["cpu"])
    anything = TABLE.estimate(rate(5000.0), "randomx")
    assert family is not None
    assert anything is not None
    assert (
        "the model is not known: a device of the kind 'cpu' for randomx, 15 J for 1 kH" in family.assumption
    )
    assert "the device is not known" in anything.assumption
    assert "5 kH/s as the miner reported it itself" in anything.assumption


def test_nothing_known_gives_no_figure() -> None:
    assert TABLE.estimate(rate(1e6), "octopus", families=["gpu"]) is None
    assert TABLE.estimate(rate(1e6, "Sol"), "sha256d") is None
    assert TABLE.estimate(estimate_rate([10], 100.0), "sha256d") is None


def test_totals() -> None:
    one = TABLE.estimate(rate(1e14), "sha256d")
    assert one is not None
    total = total_power([one, one])
    assert total is not None
    assert (total.low_kw, total.high_kw) == (2 * one.low_kw, 2 * one.high_kw)
    assert "sum of 2" in total.assumption
    assert total_power([]) is None


def test_the_shipped_table_is_sound() -> None:
    assert len(TABLE.rows) > 200
    for row in TABLE.rows:
        assert row.algorithm in ALGORITHMS
        assert row.unit == ALGORITHMS[row.algorithm].unit
        assert 0 < row.low <= row.typical <= row.high
        whole = TABLE.find(row.algorithm)
        assert whole is not None
        assert whole.kind == "algorithm"
    sha = [row for row in TABLE.rows if row.kind == "device" and row.algorithm == "sha256d"]
    assert all(5e-12 < row.typical < 2e-10 for row in sha)


def test_a_folder_replaces_rows(tmp_path: Path) -> None:
    text = HEADER + "device,antminer s21,sha256d,TH,20,21,22,,measured here,\n"
    (tmp_path / "power.csv").write_text(text, encoding="utf-8")
    found = load_power([tmp_path]).find("sha256d", hardware="Antminer S21")
    assert found is not None
    assert found.typical == pytest.approx(21e-12)
    assert found.certainty == "estimate"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind,key\n", "power.csv:1: algorithm: column missing"),
        ("kind,watts\n", "power.csv:1: 'watts': unknown column"),
        (HEADER + "device,A,x11,GH,1,2\n", "power.csv:2: 6 cells under 10 columns"),
        (HEADER + "toaster,A,x11,GH,1,2,3,,s,\n", "power.csv:2: kind: unknown value 'toaster'; use one of"),
        (HEADER + "device,,x11,GH,1,2,3,,s,\n", "power.csv:2: key: empty"),
        (HEADER + "\n# note\ndevice,A,x11,XH,1,2,3,,s,\n", "power.csv:4: per: unknown unit 'XH'"),
        (HEADER + "device,A,x11,GH,1,nan,3,,s,\n", "power.csv:2: typical: 'nan' is no positive number"),
        (HEADER + "device,A,x11,GH,1,-2,3,,s,\n", "power.csv:2: typical: '-2' is no positive number"),
        (HEADER + "device,A,x11,GH,0,2,3,,s,\n", "power.csv:2: low: '0' is no positive number"),
        (HEADER + "device,A,x11,GH,1,4,3,,s,\n", "power.csv:2: typical: not between low and high"),
        (HEADER + "device,A,x11,GH,1,2,3,sure,s,\n", "power.csv:2: certainty: unknown value 'sure'"),
        (HEADER + "device,A,x11,GH,1,2,3,,,\n", "power.csv:2: source: empty"),
        (HEADER + "algorithm,A,x11,GH,1,2,3,,s,\n", "power.csv:2: key: 'A' is not the algorithm"),
        (
            HEADER + "device,A b,x11,GH,1,2,3,,s,\ndevice,a-B,x11,GH,1,2,3,,s,\n",
            "power.csv:3: key: a-B stands",
        ),
        (HEADER + 'device,"A,x11\n', "not valid CSV"),
    ],
)
def test_errors_name_the_place_and_the_remedy(text: str, message: str) -> None:
    with pytest.raises(SignatureError) as error:
        parse_power(text, "power.csv")
    assert message in str(error.value)


@given(st.text(max_size=200))
def test_any_table_is_read_or_refused(text: str) -> None:
    problem = "power.csv:"
    try:
        parse_power(HEADER + text, "power.csv")
    except SignatureError as error:
        problem = str(error)
    assert problem.startswith("power.csv:")


@given(st.text(max_size=120), st.text(max_size=20))
def test_any_model_is_safe(hardware: str, algorithm: str) -> None:
    TABLE.find(algorithm, hardware=hardware, families=[hardware])
