"""One mining session in each dialect, as a miner and its pool would speak it.

Each function plays its session onto a connection that is open already, so that the same
session can follow a proxy's preamble, run in a tunnel or begin in the middle.  All hex
values are made up; only their lengths and places are those of the dialect.
"""

from __future__ import annotations

from wire import Talk, digits

Message = dict[str, object]

XMRIG = "XMRig/6.22.2 (Linux x86_64) libuv/1.49.2 gcc/13.2.1"


def rpc(ident: object, method: str, params: object, **extra: object) -> Message:
    """A JSON-RPC call in the order most miners write it."""
    return {"id": ident, **extra, "method": method, "params": params}


def push(method: str, params: object) -> Message:
    """A Stratum V1 message that the pool sends unasked."""
    return {"id": None, "method": method, "params": params}


def reply(ident: object, result: object, error: object = None) -> Message:
    """A Stratum V1 answer."""
    return {"id": ident, "result": result, "error": error}


def job_v1(job: str, *, clean: bool = True) -> Message:
    """mining.notify with the nine parameters of Bitcoin and its clones."""
    coinbase1 = "01000000" + "01" + "00" * 32 + "ffffffff" + "35" + "03b2d60d" + digits(job + "coinbase1", 84)
    coinbase2 = "ffffffff" + "02" + digits(job + "coinbase2", 132) + "00000000"
    branch = [digits(f"{job} branch {i}", 64) for i in range(11)]
    previous = digits(job + "previous", 48) + "00" * 8
    fields: list[object] = [job, previous, coinbase1, coinbase2, branch, "20000000", "17025a61", "69a541f0"]
    return push("mining.notify", [*fields, clean])


def share_v1(ident: object, worker: str, job: str) -> Message:
    """mining.submit of a miner that rolls the version: six parameters."""
    nonce = digits(f"{worker} {job} {ident}", 8)
    fields = [worker, job, digits(nonce, 16), "69a541fa", nonce, "00c00000"]
    return {"params": fields, "id": ident, "method": "mining.submit"}


def stratum_v1(
    talk: Talk, worker: str, agent: str, *, shares: int = 2, rejected: int = 0, configure: bool = False
) -> None:
    """Stratum V1: the last ``rejected`` of the ``shares`` are refused."""
    session = digits(worker + "session", 8)
    if configure:
        options = {"version-rolling.mask": "1fffe000", "version-rolling.min-bit-count": 2}
        talk.up(rpc(1, "mining.configure", [["version-rolling"], options]))
        talk.down(reply(1, {"version-rolling": True, "version-rolling.mask": "1fffe000"}))
    talk.up(rpc(2, "mining.subscribe", [agent]))
    subscriptions = [["mining.set_difficulty", session], ["mining.notify", session]]
    talk.down(reply(2, [subscriptions, digits(worker + "extranonce", 8), 8]))
    talk.up(rpc(3, "mining.authorize", [worker, "x"]))
    talk.down(reply(3, True))
    first = digits(worker + "job", 6)
    talk.down(push("mining.set_difficulty", [65536]), job_v1(first))
    job = first
    for number in range(shares):
        ident = 4 + number
        talk.wait(7.3).up(share_v1(ident, worker, job))
        if number < shares - rejected:
            talk.down(reply(ident, True))
        else:
            talk.down(reply(ident, None, [23, "Low difficulty share", None]))
        if number % 2:
            job = digits(f"{worker} job {number}", 6)
            talk.wait(11).down(job_v1(job, clean=False))


def job_cryptonote(seed: str, height: int) -> Message:
    """The members of a RandomX job."""
    blob = "1010" + digits(seed + "blob", 74) + "00000000" + digits(seed + "tail", 72)
    return {
        "blob": blob,
        "job_id": digits(seed + "job", 28),
        "target": "b88d0600",
        "algo": "rx/0",
        "height": height,
        "seed_hash": digits("randomx epoch 1650", 64),
    }


def cryptonote(
    talk: Talk,
    login: str,
    agent: str = XMRIG,
    *,
    shares: int = 2,
    keepalive: bool = False,
    end: str = "\n",
    rigid: str = "",
) -> None:
    """CryptoNote login, jobs, shares and keep-alives, as XMRig speaks them."""
    session = digits(login + "session", 16)
    params: Message = {"login": login, "pass": "x", "agent": agent}
    if rigid:
        params["rigid"] = rigid
    params["algo"] = ["rx/0", "cn/r", "cn-heavy/0", "cn-pico", "rx/wow", "argon2/chukwa", "ghostrider"]
    talk.up(rpc(1, "login", params, jsonrpc="2.0"), end=end)
    job = job_cryptonote(login, 3_300_120)
    extensions = ["algo", "nicehash", "connect", "tls", "keepalive"]
    welcome = {"id": session, "job": job, "extensions": extensions, "status": "OK"}
    talk.down({"id": 1, "jsonrpc": "2.0", "error": None, "result": welcome}, end=end)
    for number in range(shares):
        ident = 2 + number
        nonce = digits(f"{login} nonce {number}", 8)
        found = digits(f"{login} result {number}", 58) + "000000"
        share = {"id": session, "job_id": job["job_id"], "nonce": nonce, "result": found, "algo": "rx/0"}
        talk.wait(14.2).up(rpc(ident, "submit", share, jsonrpc="2.0"), end=end)
        talk.down({"id": ident, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}}, end=end)
        job = job_cryptonote(f"{login} {number}", 3_300_121 + number)
        talk.wait(31).down({"jsonrpc": "2.0", "method": "job", "params": job}, end=end)
    if keepalive:
        ident = 2 + shares
        talk.wait(60).up(rpc(ident, "keepalived", {"id": session}, jsonrpc="2.0"), end=end)
        answer = {"id": ident, "jsonrpc": "2.0", "error": None, "result": {"status": "KEEPALIVED"}}
        talk.down(answer, end=end)


def eth_proxy(talk: Talk, wallet: str, rig: str, *, shares: int = 2) -> None:
    """eth-proxy: login, getWork, pushed work, submitWork and the miner's own hash rate."""
    extra = {"jsonrpc": "2.0", "worker": rig}
    target = "0x00000000dbe6fecebdedd5beb573440e5a884d1b2fbf06fcce912adcb8d8422e"

    def work(number: int) -> list[str]:
        return ["0x" + digits(f"{wallet} header {number}", 64), "0x" + digits("epoch 760", 64), target]

    talk.up(rpc(1, "eth_submitLogin", [f"{wallet}.{rig}", "x"], **extra))
    talk.down({"id": 1, "jsonrpc": "2.0", "result": True})
    talk.up(rpc(5, "eth_getWork", [], jsonrpc="2.0"))
    talk.down({"id": 5, "jsonrpc": "2.0", "result": work(0)})
    for number in range(shares):
        nonce, mix = digits(f"{wallet} nonce {number}", 16), digits(f"{wallet} mix {number}", 64)
        talk.wait(9.1).up(rpc(40, "eth_submitWork", ["0x" + nonce, work(number)[0], "0x" + mix], **extra))
        talk.down({"id": 40, "jsonrpc": "2.0", "result": True})
        talk.wait(4).down({"id": 0, "jsonrpc": "2.0", "result": work(number + 1)})
    rate = "0x" + f"{61_480_000:064x}"
    talk.wait(5).up(rpc(9, "eth_submitHashrate", [rate, "0x" + digits(wallet + "id", 64)], **extra))
    talk.down({"id": 9, "jsonrpc": "2.0", "result": True})


def ethereum_stratum_1(talk: Talk, worker: str, agent: str = "ethminer-0.19.0", *, shares: int = 2) -> None:
    """EthereumStratum/1.0.0, NiceHash's dialect."""
    talk.up(rpc(1, "mining.subscribe", [agent, "EthereumStratum/1.0.0"]))
    session = ["mining.notify", digits(worker + "session", 32), "EthereumStratum/1.0.0"]
    talk.down(reply(1, [session, "7f3e"]))
    talk.up(rpc(2, "mining.extranonce.subscribe", []), rpc(3, "mining.authorize", [worker, "x"]))
    talk.down(reply(2, True), reply(3, True))
    talk.down(push("mining.set_difficulty", [0.5]))
    for number in range(shares):
        job = digits(f"{worker} job {number}", 8)
        header = digits(f"{worker} header {number}", 64)
        talk.wait(3).down(push("mining.notify", [job, digits("epoch 760", 64), header, True]))
        talk.wait(8.8).up(rpc(244, "mining.submit", [worker, job, digits(job + "nonce", 12)]))
        talk.down(reply(244, True))


def ethereum_stratum_2(talk: Talk, worker: str, pool: tuple[str, int], *, shares: int = 2) -> None:
    """EthereumStratum/2.0.0 (EIP-1571) in plain text."""
    proto = "EthereumStratum/2.0.0"
    hello = {"agent": "ethminer-0.19.0", "host": pool[0], "port": f"{pool[1]:x}", "proto": proto}
    talk.up(rpc(0, "mining.hello", hello))
    terms = {"proto": proto, "encoding": "plain", "resume": "0", "timeout": "b4", "maxerrors": "5"}
    talk.down({"id": 0, "result": {**terms, "node": "Geth/v1.13"}})
    talk.up({"id": 2, "method": "mining.subscribe"})
    talk.down({"id": 2, "result": "s-" + digits(worker, 10)})
    talk.up(rpc(3, "mining.authorize", [worker, "x"]))
    talk.down({"id": 3, "result": "w-123"})
    target = digits(worker + "target", 58)
    setting = {"epoch": "dc", "target": target, "algo": "ethash", "extranonce": "af4c"}
    talk.down({"method": "mining.set", "params": setting})
    for number in range(shares):
        job = f"{0xA1 + number:x}"
        header = digits(f"{worker} header {number}", 64)
        talk.wait(2).down({"method": "mining.notify", "params": [job, "b5", header, "1"]})
        nonce = digits(f"{worker} nonce {number}", 12)
        talk.wait(9.6).up(rpc(40 + number, "mining.submit", [job, nonce, "w-123"]))
        talk.down({"id": 40 + number, "result": True})
    talk.wait(10).up(rpc(9, "mining.hashrate", ["3a9f2c0", "w-123"])).down({"id": 9, "result": True})
    talk.up({"id": 7, "method": "mining.noop"}).down({"id": 7, "result": True})


def share_zcash(ident: int, worker: str, job: str) -> Message:
    """A share with its Equihash 200,9 solution: a line of about 2.9 kB."""
    solution = "fd4005" + digits(f"{worker} {job} solution {ident}", 2688)
    fields = [worker, job, "69a541f0", digits(f"{worker} nonce {ident}", 54), solution]
    return rpc(ident, "mining.submit", fields)


def zcash(talk: Talk, worker: str, agent: str, pool: tuple[str, int], *, shares: int = 2) -> None:
    """Zcash's Stratum (ZIP-301)."""
    talk.up(rpc(1, "mining.subscribe", [agent, None, pool[0], str(pool[1])]))
    talk.down(reply(1, [None, digits(worker + "nonce1", 10)]))
    talk.up(rpc(2, "mining.authorize", [worker, "x"]))
    talk.down(reply(2, True))
    talk.down(push("mining.set_target", ["0004189374bc6a7ef9db22d0e5604189374bc6a7ef9db22d0e5604189374bc6a"]))
    for number in range(shares):
        job = digits(f"{worker} job {number}", 8)
        hashes = [digits(f"{job} {name}", 64) for name in ("previous", "merkle")]
        fields = [job, "04000000", *hashes, "00" * 32, "b1f0a569", "1c01ab2f", True]
        talk.wait(2).down(push("mining.notify", fields))
        talk.wait(12.5).up(share_zcash(100 + number, worker, job))
        talk.down(reply(100 + number, True))


def kaspa(talk: Talk, worker: str, agent: str, *, shares: int = 2) -> None:
    """Kaspa's dialect, with the big job that ASICs ask for."""
    ver = {"jsonrpc": "2.0"}
    talk.up(rpc(1, "mining.subscribe", [agent], **ver))
    talk.down({"id": 1, **ver, "result": [True, "EthereumStratum/1.0.0"], "error": None})
    talk.up(rpc(2, "mining.authorize", [worker, "x"], **ver))
    talk.down({"id": 2, **ver, "result": True, "error": None})
    talk.down({"id": "", **ver, "method": "set_extranonce", "params": ["0029"]})
    talk.down({**ver, "method": "mining.set_difficulty", "params": [4096]})
    for number in range(shares):
        job = str(17 + number)
        if number % 2:
            work: list[object] = [job, digits(worker + job, 64) + "f0a541690000" + "0000"]
        else:
            words = [int(digits(f"{worker} {job} {i}", 16), 16) for i in range(4)]
            work = [job, words, 1_772_438_402_118 + number]
        talk.wait(1).down({"id": 17 + number, **ver, "method": "mining.notify", "params": work})
        nonce = "0x0029" + digits(f"{worker} nonce {number}", 12)
        talk.wait(2.2).up(rpc(3 + number, "mining.submit", [worker, job, nonce], **ver))
        talk.down({"id": 3 + number, **ver, "result": True, "error": None})


def kawpow(talk: Talk, worker: str, agent: str, pool: tuple[str, int], *, shares: int = 2) -> None:
    """KawPow (Ravencoin and kin)."""
    prefix = digits(worker + "extranonce", 6)
    target = "00000000ffff" + "0" * 52
    talk.up(rpc(1, "mining.subscribe", [agent, None, pool[0], str(pool[1])]))
    talk.down(reply(1, [None, prefix]))
    talk.up(rpc(2, "mining.authorize", [worker, "x"]))
    talk.down(reply(2, True))
    talk.down(push("mining.set_target", [target]))
    for number in range(shares):
        job = digits(f"{worker} job {number}", 4)
        header = digits(f"{worker} header {number}", 64)
        seed = digits("kawpow epoch 455", 64)
        fields = [job, header, seed, target, True, 3_412_345 + number, "1b00c0de"]
        talk.wait(1).down(push("mining.notify", fields))
        nonce, mix = prefix + digits(f"{worker} nonce {number}", 10), digits(f"{worker} mix {number}", 64)
        share = [worker, job, "0x" + nonce, "0x" + header, "0x" + mix]
        talk.wait(6.7).up(rpc(3 + number, "mining.submit", share))
        talk.down(reply(3 + number, True))
