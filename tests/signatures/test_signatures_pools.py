from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netminedet.model import PoolName
from netminedet.signatures import PoolList, SignatureError, load_signatures
from netminedet.signatures.pools import SHARED_DOMAINS, parse_pools

POOLS = load_signatures().pools
HARMLESS = """
pool.ntp.org 0.pool.ntp.org de.pool.ntp.org carpool.example.org whirlpool.com bitcoin.com
www.bitcoin.com btc.com explorer.btc.com okx.com www.okx.com binance.com pool.binance.com kucoin.com
htx.com nicehash.com www.nicehash.com api2.nicehash.com luxor.tech github.com
raw.githubusercontent.com minerstat.com mempool.space whattomine.com xmrig.com monero.org
getmonero.org minergate.com litecoinpool.org dnsseed.litecoinpool.org mail.f2pool.com
api.hiveos.farm foreman.mn ddns.net us.to now.sh mine.bz pr0gramm.com mining.com adminer.com
braiins.com amazonaws.com coinhive.com
"""
LABEL = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?\Z")


def pool_list(*rows: str, header: str = "pool,coins,domain,match,hosts,ports,tls_ports,category") -> PoolList:
    return PoolList(parse_pools("\n".join((header, *rows)) + "\n", "pools.csv").values())


def test_lookup_gives_what_the_row_says() -> None:
    pools = pool_list("Pool A,BTC LTC,pool-a.example,domain,btc.pool-a.example,25 3333,443,pool")
    assert pools.lookup("BTC.Pool-A.example.") == PoolName(
        name="btc.pool-a.example",
        pool="Pool A",
        coins=("BTC", "LTC"),
        stratum=True,
        ports=frozenset({25, 443, 3333}),
        named_after="BTC",
    )


@pytest.mark.parametrize(
    ("host", "served"),
    [
        pytest.param("zec.pool-a.example", False, id="the pool's page about a coin"),
        pytest.param("stratum-zec.pool-a.example", True, id="stratum"),
        pytest.param("zec.ss2.pool-a.example", True, id="ss"),
        pytest.param("mining.pool-a.example", True, id="mining"),
    ],
)
def test_where_miners_are_served_without_tls_browsers_may_be_served_too(host: str, served: bool) -> None:
    row = f"Pool A,ZEC,pool-a.example,domain,{host}"
    plain, secure = pool_list(f"{row},443 3333,,pool"), pool_list(f"{row},3333,443,pool")
    (found, other) = (pools.lookup(host) for pools in (plain, secure))
    assert found is not None
    assert other is not None
    assert (found.serves_miners_on(443), found.serves_miners_on(3333)) == (served, True)
    assert other.serves_miners_on(443)


@pytest.mark.parametrize(
    ("name", "coin"),
    [
        ("xmr.2miners.com", "XMR"),
        ("xmr-eu1.nanopool.org", "XMR"),
        ("monero.herominers.com", "XMR"),
        ("btc.viabtc.com", "BTC"),
        ("viabtc.com", ""),
        ("rx.unmineable.com", ""),
        ("btc-ltc.viabtc.com", ""),
        ("doge.supportxmr.com", ""),
    ],
)
def test_a_host_may_be_named_after_a_coin_of_its_pool(name: str, coin: str) -> None:
    pool = POOLS.lookup(name)
    assert pool is not None
    assert pool.named_after == coin


@pytest.mark.parametrize(
    ("name", "pool"),
    [
        ("antpool.com", "AntPool"),
        ("sub.antpool.com", "AntPool"),
        ("SUB.AntPool.com.", "AntPool"),
        ("evilantpool.com", None),
        ("antpool.com.evil.example", None),
        ("antpool.co", None),
        ("com", None),
        ("", None),
        (".", None),
        ("..antpool.com..", None),
        ("a" * 300 + ".antpool.com", None),
    ],
)
def test_names_are_compared_by_whole_labels(name: str, pool: str | None) -> None:
    found = POOLS.lookup(name)
    assert (found.pool if found else None) == pool


@pytest.mark.parametrize(
    ("names", "owner"),
    [
        (("antpool.com",), "antpool.com"),
        (("mail.antpool.com", "antpool.com"), "antpool.com"),
        (("stratum.braiins.com", "braiins.com"), "stratum.braiins.com"),
        (("2miners.ru", "2miners.com"), None),
        (("shop.example", "antpool.com"), None),
        (("antpool.com", "f2pool.com"), None),
        (("antpool.com.example",), None),
        (("braiins.com",), None),
        ((), None),
    ],
)
def test_certificates_of_one_owner(names: tuple[str, ...], owner: str | None) -> None:
    found = POOLS.owner(names)
    assert (found.name if found else None) == owner


@given(LABEL, LABEL)
def test_label_laws(first: str, second: str) -> None:
    pools = pool_list("A,,pool.example,domain,,,,pool", "B,,shared.example,hosts,mine.shared.example,,,pool")
    whole = pools.lookup(f"{first}.{second}.pool.example")
    assert whole is None or whole.pool == "A"
    assert pools.lookup(f"{first}pool.example") is None
    assert pools.lookup(f"{first}.mine.shared.example") is None
    assert pools.lookup("shared.example") is None


@pytest.mark.parametrize(
    "name",
    HARMLESS.split(),
)
def test_harmless_names_are_not_pools(name: str) -> None:
    assert POOLS.lookup(name) is None


@pytest.mark.parametrize(
    ("name", "stratum"),
    [
        ("stratum.antpool.com", True),
        ("xmr-eu1.nanopool.org", True),
        ("eth-us-east1.nanopool.org", True),
        ("us1-zcash.flypool.org", True),
        ("de.monero.herominers.com", True),
        ("btc.ss.poolin.com", True),
        ("us-east.stratum.slushpool.com", True),
        ("kawpow.auto.nicehash.com", True),
        ("pool.supportxmr.com", True),
        ("gulf.moneroocean.stream", True),
        ("donate.v2.xmrig.com", True),
        ("antpool.com", False),
        ("www.antpool.com", False),
        ("api.unmineable.com", False),
        ("api-zcash.flypool.org", False),
        ("web.xmrpool.eu", False),
        ("monerohash.com", False),
        ("anything.f2pool.com", False),
        ("pool.rplant.xyz", False),
    ],
)
def test_stratum_means_an_endpoint_for_miners(name: str, stratum: bool) -> None:
    found = POOLS.lookup(name)
    assert found is not None
    assert found.stratum is stratum


def test_telemetry_is_never_found() -> None:
    pools = pool_list("Farm,,farm.example,domain,api.farm.example,,,telemetry")
    assert pools.lookup("api.farm.example") is None
    assert pools.suffixes() == []


def test_suffixes_cover_exactly_what_lookup_finds() -> None:
    pools = pool_list(
        "A,,pool.example,domain,x.pool.example,,,pool",
        "B,,shared.example,hosts,mine.shared.example *.auto.shared.example,,,pool",
    )
    assert pools.suffixes() == [
        ("auto.shared.example", False),
        ("mine.shared.example", True),
        ("pool.example", False),
    ]


def test_every_shipped_suffix_is_found() -> None:
    for name, exact in POOLS.suffixes():
        assert name.count(".") >= 1, name
        assert name not in SHARED_DOMAINS
        assert POOLS.lookup(name) is not None, name
        assert (POOLS.lookup("x-y." + name) is None) is exact, name


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pool,domain,hots\n", "pools.csv:1: 'hots': unknown column; known columns: pool, coins,"),
        ("pool,coins\n", "pools.csv:1: domain: column missing"),
        ("pool,domain\nA,a.example,1\n", "pools.csv:2: 3 cells under 2 columns"),
        ("pool,domain\n,a.example\n", "pools.csv:2: pool: empty"),
        ("pool,domain\nA,com\n", "pools.csv:2: domain: 'com' is no host name"),
        ("pool,domain\nA,10.0.0.1\n", "pools.csv:2: domain: '10.0.0.1' is no host name"),
        ("pool,domain\nA,bad name.example\n", "pools.csv:2: domain: 'bad name.example' is no host name"),
        (
            "pool,domain\nA,a.example\n# x\nB,A.example.\n",
            "pools.csv:4: domain: a.example stands above already",
        ),
        ("pool,domain\nA,pool.ntp.org\n", "pools.csv:2: match: pool.ntp.org is not one owner's"),
        ("pool,domain,match\nA,a.example,host\n", "pools.csv:2: match: unknown value 'host'"),
        ("pool,domain,match\nA,a.example,hosts\n", "pools.csv:2: hosts: empty"),
        ("pool,domain,hosts\nA,a.example,*.ddns.net\n", "pools.csv:2: hosts: *.ddns.net is not one owner's"),
        ("pool,domain,ports\nA,a.example,3333 http\n", "pools.csv:2: ports: 'http' is no port"),
        ("pool,domain,ports\nA,a.example,65536\n", "pools.csv:2: ports: '65536' is no port"),
        ("pool,domain,category\nA,a.example,farm\n", "pools.csv:2: category: unknown value 'farm'"),
        ('pool,domain\n"A,a.example\n', "pools.csv:2: not valid CSV"),
    ],
)
def test_mistakes_in_a_pool_list(text: str, problem: str) -> None:
    with pytest.raises(SignatureError) as caught:
        parse_pools(text, "pools.csv")
    assert str(caught.value).startswith(problem)


def test_folder_adds_and_overrides_rows(tmp_path: Path) -> None:
    (tmp_path / "pools.csv").write_text(
        "pool,domain,match,hosts,ports\nOurs,pool.example,domain,,3333\nAnt,antpool.com,hosts,ss.antpool.com,\n"
    )
    pools = load_signatures([tmp_path]).pools
    assert pools.lookup("x.pool.example") == PoolName("x.pool.example", "Ours", ports=frozenset({3333}))
    assert pools.lookup("www.antpool.com") is None
    assert pools.lookup("ss.antpool.com") is not None


def test_services_for_scripts_are_marked() -> None:
    text = (
        "pool,domain,category,hosts\nScripts,scripts.example,browser-miner,ws1.scripts.example\n"
        "Ours,pool.example,pool,\nMarket,market.example,proxy-market,\n"
    )
    pools = PoolList(parse_pools(text, "pools.csv").values())
    names = ("ws1.scripts.example", "scripts.example", "eu.pool.example", "eu.market.example")
    assert [pool.browser for name in names if (pool := pools.lookup(name))] == [True, True, False, False]
