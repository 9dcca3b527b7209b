from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netminedet.signatures.encodings import BASE58, cashaddr, crc16
from netminedet.signatures.keccak import keccak_256
from netminedet.signatures.wallets import ETH_LIKE, Wallet, identify

MONERO = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"
SUBADDRESS = "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H"
INTEGRATED = (
    "4LiMFV6cvNPEnw78i2hTtsdfFsAZakMfGMiwiMZrYygUc3dDXn9z4j"
    "SfCafKCtUwbSPCjudw4Uj7SdLReEpcCGWsNBVUL5n9ViE3SoLwsP"
)
ZEPHYR = "ZEPHs89z2zsEoJ2QVY5yopRZsX3JHefyNFzAhTZG3waz3MZSbCGp8MPSNCsdY33DQYfXXTqqiUo7CFsZXmiPEruBPqgM8EaBpvS"

#: Addresses of genesis blocks, donation pages, and test vectors of the specifications.
VERIFIED = [
    ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "BTC BCH BSV"),
    ("1111111111111111111114oLvT2", "BTC BCH BSV"),
    ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "BTC BCH BSV LTC"),
    ("LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1", "LTC"),
    ("DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L", "DOGE DGB"),
    ("XwnLY9Tf7Zsef8gMGL2fhWA9ZmMjt4KPwg", "DASH"),
    ("t1VpYecBW4UudbGcy4ufh61eWxQCoFaUrPs", "ZEC FLUX ZCL"),
    ("t3Vz22vK5z2LcKEdg16Yv4FFneEL1zg9ojd", "ZEC FLUX ZCL"),
    ("RXBurnXXXXXXXXXXXXXXXXXXXXXXWUo9FV", "RVN RTM VRSC KMD"),
    # BIP 173 and BIP 350
    ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "BTC"),
    ("bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3", "BTC"),
    ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "BTC"),
    ("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "BTC"),
    ("ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", "LTC"),
    ("hs1qd42hrldu5yqee58se4uj6xctm7nk28r70e84vx", "HNS"),
    # cashaddr.md
    ("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "BCH"),
    ("BITCOINCASH:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A", "BCH"),
    ("qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "BCH"),
    ("ecash:qpm2qsznhks23z7629mms6s4cwef74vcwva87rkuu2", "XEC"),
    # kaspanet/rusty-kaspa, crypto/addresses
    ("kaspa:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqkx9awp4e", "KAS"),
    ("kaspa:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj", "KAS"),
    ("karlsen:qqe3p64wpjf5y27kxppxrgks298ge6lhu6ws7ndx4tswzj7c84qkjlrspcuxw", "KLS"),
    ("nexa:nqtsq5g5kc24d57cclndrnapv3jxvl9vdjm9nh2ljgxpaw2s", "NEXA"),
    # CIP-37
    ("cfx:aarc9abycue0hhzgyrr53m6cxedgccrmmyybjgh4xg", "CFX"),
    ("cfx:type.user:aarc9abycue0hhzgyrr53m6cxedgccrmmyybjgh4xg", "CFX"),
    # EIP-55
    ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", ETH_LIKE),
    ("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", ETH_LIKE),
    ("0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", ETH_LIKE),
    ("0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", ETH_LIKE),
    (MONERO, "XMR"),
    (SUBADDRESS, "XMR"),
    (INTEGRATED, "XMR"),
    (ZEPHYR, "ZEPH"),
    ("9fRAWhdxEsTcdb8PhGNrZfwqa65zfkuYHAMmkQLcic1gdLSV5vA", "ERG"),
    (
        "ckb1qzda0cr08m85hc8jlnfp3zer7xulejywt49kt2rr0vthywaa50xwsqdnnw7qkdnnclfkg59uzn8umtfd2kwxceqxwquc4",
        "CKB",
    ),
    ("ckb1qyqt8xaupvm8837nv3gtc9x0ekkj64vud3jqfwyw5v", "CKB"),
    ("xch1f0ryxk6qn096hefcwrdwpuph2hm24w69jnzezhkfswk0z2jar7aq5zzpfj", "XCH"),
    ("aleo1qnr4dkkvkgfqph0vzc3y6z2eu975wnpz2925ntjccd5cfqxtyu8s7pyjh9", "ALEO"),
    ("xel:vs3mfyywt0fjys0rgslue7mm4wr23xdgejsjk0ld7f2kxng4d4nqqnkdufz", "XEL"),
    ("ak_2a1j2Mk9YSmC1gioUq4PWRm3bsv887MbuRVwyv4KaUGoR1eiKi", "AE"),
    ("EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF", "TON"),
    ("0" * 64 + "89eb0d6a8a69", "SC"),
]
UNVERIFIED = [
    ("0x0fccfff9e61a230ff380530c6827caf4759337c6", ETH_LIKE, "eip-55"),
    ("0X0FCCFFF9E61A230FF380530C6827CAF4759337C6", ETH_LIKE, "eip-55"),
    ("1DrDyTr9RpRsQnDnXo2YRiPzPW4ooHX5LLoqXrqfMrpQH", "ALPH", "base58"),
    ("DsQxuVRvS4eaJ42dhQEsCXauMWjvopWgrVg", "DCR", "base58"),
    ("ab" * 32, "IRON BEAM", "hex"),
    ("ab" * 33, "BEAM", "hex"),
    ("k:" + "ab" * 32, "KDA", "hex"),
    ("NHbTz9b6Ee1pGbZ6qzFXxK1eYRqHsXQnfTQw", "BTC", "nicehash"),
]
WRONG = [
    "",
    "x",
    "acct7.rig12",
    "BC1SW50QGDZ25J",  # version 16 with two bytes: below the least length that is looked at
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",  # BIP 350: not base 32
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",  # version 0 with Bech32m
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",  # BIP 350: version 1 with Bech32
    "bitcoincash:qpzry9x8gf2tvdw0s3jn54khce6mua7lcw20ayyn",  # right checksum, no address
    "bitcoincash:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A",
    "bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t",
    "kaspatest:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqhqrxplya",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
    "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
    "1m19SCLfqSoFdY9z5otDDmrCh6sRoXSGHduY6uU5jn6mC",
    "ab" * 31,
    "0" * 64 + "89eb0d6a8a68",
    "0" * 300,
]


@pytest.mark.parametrize(("address", "coins"), VERIFIED)
def test_addresses_with_a_checksum(address: str, coins: str) -> None:
    found = identify(address)
    assert found is not None
    assert found.verified
    assert found.coins == tuple(coins.split())


@pytest.mark.parametrize(("address", "coins", "form"), UNVERIFIED)
def test_addresses_without_a_checksum(address: str, coins: str, form: str) -> None:
    assert identify(address) == Wallet(tuple(coins.split()), form, False)


@pytest.mark.parametrize("address", WRONG)
def test_no_addresses(address: str) -> None:
    assert identify(address) is None


@pytest.mark.parametrize("address", [address for address, _coins in VERIFIED])
def test_one_wrong_character_is_noticed(address: str) -> None:
    """Every place but the scheme in front, whose change may make it another coin's."""
    for place in range(len(address) // 3, len(address)):
        old = address[place]
        if old == ":":
            continue
        new = "8" if old != "8" else "9"
        found = identify(address[:place] + new + address[place + 1 :])
        assert found is None or not found.verified


def test_an_unknown_cryptonote_coin_has_no_name() -> None:
    body = bytes([77]) + bytes(64)
    data = body + keccak_256(body)[:4]
    text = ""
    for start in range(0, len(data), 8):
        block = data[start : start + 8]
        value, digits = int.from_bytes(block, "big"), ""
        for _place in range({8: 11, 5: 7}[len(block)]):
            value, digit = divmod(value, 58)
            digits = BASE58[digit] + digits
        text += digits
    assert identify(text) == Wallet((), "cryptonote", True)


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (b"testing", "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"),
    ],
)
def test_keccak(data: bytes, digest: str) -> None:
    assert keccak_256(data).hex() == digest


def test_keccak_of_all_lengths_differs() -> None:
    digests = {keccak_256(b"\x5a" * length) for length in range(130, 275)}
    assert len(digests) == 145


@pytest.mark.parametrize(
    ("prefix", "payload", "data"),
    [
        (
            "bitcoincash",
            "qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2",
            "00f5bf48b397dae70be82b3cca4793f8eb2b6cdac9",
        ),
        ("pref", "pr6m7j9njldwwzlg9v7v53unlr4jkmx6ey65nvtks5", "08f5bf48b397dae70be82b3cca4793f8eb2b6cdac9"),
        ("pref", "pr6m7j9njldwwzlg9v7v53unlr4jkmx6ey65nvtks6", None),
        ("pref", "", None),
    ],
)
def test_cashaddr_vectors(prefix: str, payload: str, data: str | None) -> None:
    found = cashaddr(prefix, payload)
    assert (found.hex() if found else None) == data


def test_crc16_check_value() -> None:
    assert crc16(b"123456789") == 0x31C3


@given(st.text(max_size=300))
@example("\ud800" * 40)
@example("1" * 34)
@example("cfx:" + "a" * 42)
@example("::::::::::::::::::::::::::")
def test_any_text_is_safe(text: str) -> None:
    identify(text)


@given(
    st.sampled_from(
        ["", "bc1", "kaspa:", "cfx:", "xel:", "ak_", "EQ", "0x", "bitcoincash:", "ckb1", "k:", "4"]
    ),
    st.text(alphabet=BASE58 + "0Il_-:", max_size=130),
)
def test_any_digits_are_safe(start: str, text: str) -> None:
    identify(start + text)
