"""Rigs that messages name apart from the account: told as workers, and hidden by a mask."""

from __future__ import annotations

from itertools import pairwise

import pytest

from netminedet.protocols.nonces import MAX_COMPARED_JOBS, NonceBytes
from netminedet.report.mask import Masker, mask_suspect, text_masker
from netminedet.signatures.logins import with_rig
from netminedet.suspects import Role
from tests.private import ETHASH, ETHER, FOUND, JOB, NONCE, WALLET
from tests.talks import CLIENT, Said, frames_of, over_websocket, suspects, suspects_of

MASKER = Masker("correct horse battery staple")
RIG = "cellar-nine"
IRON = "10233832f7e49aaee6af6e15a31420277c8a356108a8efd30c145df0ac9b04af"
CKB = "ckb1qyqz6ugkg2mjdvzyq938e20m4se0tjznp7cs79a2a6"
KEY = "uCQaGzi8v8G3e1K3VVWAmRRsd52uJx3d"

ETH: list[Said] = [
    ("C", {"id": 1, "worker": RIG, "method": "eth_submitLogin", "params": [ETHER, "x"]}),
    ("S", {"id": 1, "result": True}),
    ("C", {"id": 2, "worker": RIG, "method": "eth_getWork", "params": []}),
    ("S", {"id": 2, "result": ETHASH}),
    ("C", {"id": 3, "worker": RIG, "method": "eth_submitWork", "params": FOUND}),
    ("S", {"id": 3, "result": True}),
    ("C", {"id": 4, "worker": RIG, "method": "eth_submitHashrate", "params": ["0x10", "0x" + "1a" * 32]}),
]
LOGIN = {"login": WALLET, "pass": "x", "agent": "XMRig/6.21.0", "rigid": RIG}
MONERO: list[Said] = [
    ("C", {"id": 1, "method": "login", "params": LOGIN}),
    ("S", {"id": 1, "result": {"id": "x", "job": JOB, "status": "OK"}}),
    ("C", {"id": 2, "method": "submit", "params": NONCE}),
    ("S", {"id": 2, "result": {"status": "OK"}}),
]
NERVOS: list[Said] = [
    ("C", {"id": 1, "method": "ckb_submitLogin", "params": {"login": CKB, "agent": "cki/1", "worker": RIG}}),
    ("S", {"id": 1, "result": {"nonce_pre": "ab12", "nonce_bytes": 8}}),
]
BODY = {"version": 1, "publicAddress": IRON, "name": RIG}
FISH: list[Said] = [
    ("C", {"id": 1, "method": "mining.subscribe", "body": BODY}),
    ("S", {"id": 0, "method": "mining.subscribed", "body": {"clientId": 5, "graffiti": "p"}}),
]
ALEPHIUM: list[Said] = [
    ("S", {"id": None, "method": "mining.set_difficulty", "params": [4]}),
    ("C", {"id": 9, "method": "alph_submitHashrate", "params": ["0x1d08a61", RIG]}),
]
STRATUM: list[Said] = [
    ("C", {"id": 2, "worker": RIG, "method": "mining.authorize", "params": ["farm.x", "x"]}),
    ("S", {"id": 2, "result": True}),
    ("S", {"id": None, "method": "mining.set_difficulty", "params": [1024]}),
]
AUTH = {"site_key": KEY, "type": "anonymous", "user": None, "userID": RIG}
PAGE: list[Said] = [
    ("C", {"type": "auth", "params": AUTH}),
    ("S", {"type": "authed", "params": {"token": "", "hashes": 0}}),
]
DEEP: list[Said] = [
    ("C", {"type": "auth", "params": {"userID": RIG}}),
    ("S", {"type": "authed", "params": {"token": "", "hashes": 0}}),
]


@pytest.mark.parametrize(
    ("talk", "worker"),
    [
        pytest.param(ETH, f"{ETHER}.{RIG}", id="eth-proxy"),
        pytest.param(ETH[2:], RIG, id="eth-proxy-whose-login-was-not-seen"),
        pytest.param(MONERO, f"{WALLET}.{RIG}", id="cryptonote"),
        pytest.param(NERVOS, f"{CKB}.{RIG}", id="nervos-ckb"),
        pytest.param(FISH, f"{IRON}.{RIG}", id="ironfish"),
        pytest.param(ALEPHIUM, RIG, id="alephium"),
        pytest.param(STRATUM, f"farm.x/{RIG}", id="stratum-v1"),
        pytest.param(over_websocket(PAGE), f"{KEY}.{RIG}", id="browser-miner"),
        pytest.param(over_websocket(DEEP), RIG, id="deepminer"),
    ],
)
def test_rigs_are_told_once_and_masked(talk: list[Said], worker: str) -> None:
    found = suspects(talk)
    assert found
    for suspect in found:
        assert suspect.workers == (worker,), suspect.host
        assert RIG in repr(suspect.evidence)
        assert RIG not in repr(mask_suspect(suspect, MASKER))


@pytest.mark.parametrize("name", ["eth1.0", "ethminer-0.19.0"])
def test_a_program_in_the_place_of_a_rig_is_none(name: str) -> None:
    said = [(who, one | {"worker": name} if "worker" in one else one) for who, one in ETH]
    (suspect,) = suspects(said)
    assert suspect.workers == (ETHER,)
    assert suspect.agents == (name,)


def test_several_rigs_of_one_login_are_several_workers() -> None:
    shares: list[Said] = [
        ("C", {"id": 9, "worker": name, "method": "eth_submitWork", "params": FOUND}) for name in ("a1", "b2")
    ]
    (suspect,) = suspects(ETH + shares)
    assert suspect.workers == (f"{ETHER}.a1", f"{ETHER}.b2", f"{ETHER}.{RIG}")
    assert suspect.wallets == (ETHER,)


@pytest.mark.parametrize(
    ("login", "rig", "worker"),
    [
        (ETHER, "r1", f"{ETHER}.r1"),
        (f"{ETHER}.r1", "r1", f"{ETHER}.r1"),
        (f"{ETHER}.r1/me@example.org", "r1", f"{ETHER}.r1/me@example.org"),
        (f"{ETHER}.r1", "r2", f"{ETHER}.r1/r2"),
        (ETHER, f"{ETHER}.r2", f"{ETHER}.r2"),
        (ETHER, ETHER, ETHER),
        ("", "r1", "r1"),
    ],
)
def test_a_rig_is_put_behind_its_account(login: str, rig: str, worker: str) -> None:
    assert with_rig(login, rig) == worker


def test_a_rig_apart_is_masked_as_a_whole_string_only() -> None:
    hide = text_masker([f"{ETHER}.r1/7", "a" * 199 + "….tail"], [], MASKER)
    masked = MASKER.rig("7")
    assert (
        hide('{"id":7,"worker":"7","rig":"r1/7"}')
        == f'{{"id":7,"worker":"{masked}","rig":"{MASKER.rig("r1/7")}"}}'
    )
    assert "mines at 7.7.7.7" in hide("mines at 7.7.7.7")
    assert "aaaa" not in hide('{"login":"' + "a" * 199 + '","worker":"tail"}')
    assert "tail" not in hide('{"worker":"tail"}')


def test_the_beginning_of_a_rig_before_a_cut_is_masked() -> None:
    hide = text_masker([f"{ETHER}.{RIG}"], [], MASKER)
    for end, _ in pairwise(range(4, len(RIG) + 1)):
        assert RIG[:4] not in hide(f'{{"worker":"{RIG[:end]}…')


def through_proxy(
    nonces: list[str], agent: str = "xmrig-proxy/6.26.0 (Linux x86_64)", jobs: int = 1
) -> list[Said]:
    """What a proxy says to its pool: one login, and shares with these nonces, in turn for each job."""
    login = {"login": WALLET, "pass": "x", "agent": agent}
    talk: list[Said] = [
        ("C", {"id": 1, "method": "login", "params": login}),
        ("S", {"id": 1, "result": {"id": "x", "job": JOB, "status": "OK"}}),
    ]
    for number, nonce in enumerate(nonces):
        job = str(number * jobs // max(1, len(nonces)))
        talk += [
            ("S", {"method": "job", "params": {**JOB, "job_id": job}}),
            ("C", {"id": 9, "method": "submit", "params": {**NONCE, "job_id": job, "nonce": nonce}}),
            ("S", {"id": 9, "result": {"status": "OK"}}),
        ]
    return talk


BYTES = [f"1f3a02{byte:02x}" for byte in range(0x40, 0x59)]


@pytest.mark.parametrize(
    ("talk", "rigs"),
    [
        pytest.param(through_proxy(BYTES), 25, id="one-job"),
        pytest.param(through_proxy(BYTES * 3), 25, id="again-and-again"),
        pytest.param(through_proxy(BYTES, jobs=5), 5, id="five-a-job"),
        pytest.param(through_proxy(BYTES[:1] * 9), 0, id="one-rig"),
        pytest.param(through_proxy(BYTES, "XMRig/6.26.0 (Linux x86_64)"), 0, id="no-proxy"),
        pytest.param(through_proxy(BYTES, "xmr-node-proxy/0.0.3"), 0, id="another-proxy"),
        pytest.param(through_proxy([one + "00000000" for one in BYTES]), 0, id="long-nonces"),
    ],
)
def test_rigs_behind_a_proxy_are_counted_by_its_parts_of_the_nonce(talk: list[Said], rigs: int) -> None:
    (suspect,) = suspects(talk)
    assert suspect.rigs == rigs
    assert suspect.shares.accepted > 1


def test_rigs_of_connections_that_were_open_together_add_up() -> None:
    together = [frames_of(through_proxy(BYTES), client=(CLIENT[0], 42000 + n)) for n in range(3)]
    (suspect,) = suspects_of([frame for frames in zip(*together, strict=True) for frame in frames])
    assert suspect.rigs == 75
    (suspect,) = suspects_of([frame for frames in together for frame in frames])
    assert (suspect.rigs, suspect.role) == (25, Role.PROXY)


def test_jobs_whose_nonces_are_compared_are_few() -> None:
    nonces = NonceBytes()
    for job in range(MAX_COMPARED_JOBS + 1):
        assert nonces.of_share({"job_id": str(job), "nonce": "00000001"}) == 1
    assert nonces.of_share({"job_id": str(job), "nonce": "00000002"}) == 2
    assert nonces.of_share({"job_id": "1", "nonce": "00000002"}) == 2
    assert nonces.of_share({"job_id": "0", "nonce": "00000002"}) == 1
    assert nonces.of_share({"job_id": "0", "nonce": "+0000002"}) == 0
    assert nonces.of_share({"nonce": "00000002"}) == 0
