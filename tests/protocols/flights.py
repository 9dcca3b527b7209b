"""ClientHellos and servers' first flights for tests: made by hand, and by OpenSSL 3.0.19."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: What ``openssl s_client`` sends: without a server name, with one, and up to TLS 1.2 only.
HELLO_UNNAMED = bytes.fromhex(
    "160301012401000120030322f9f6e7b9eba24798f5c2649bd52ad6decedb37b3cc37f53ed17390b1a8919720b05baf1061"
    "1e1a7ef59bc1febc9dd64ceae57a1211133132ce14668710756a48003e130213031301c02cc030009fcca9cca8ccaac02b"
    "c02f009ec024c028006bc023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff01000099000b00"
    "0403000102000a00160014001d0017001e0019001801000101010201030104002300000016000000170000000d002a0028"
    "040305030603080708080809080a080b080408050806040105010601030303010302040205020602002b00090803040303"
    "03020301002d00020101003300260024001d00207a8b1ca1e8fdf6e98af71192860c57f484b79822cd190cb8da39297a1f"
    "e3624e"
)
HELLO_NAMED = bytes.fromhex(
    "160301013d010001390303f4e0de62c42bf2aa11e84609468b913ee71f092c36fc5ed38c5ba45c8781bb3c207ea4ec7af6"
    "5d98169b0a2d3ce65c3b35c5c24b2c2bd06a5cff9549cbe5589808003e130213031301c02cc030009fcca9cca8ccaac02b"
    "c02f009ec024c028006bc023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff010000b2000000"
    "150013000010706f6f6c2e6578616d706c652e6f7267000b000403000102000a00160014001d0017001e00190018010001"
    "01010201030104002300000016000000170000000d002a0028040305030603080708080809080a080b0804080508060401"
    "05010601030303010302040205020602002b0009080304030303020301002d00020101003300260024001d00208c49086f"
    "63b075de4345f2435c8d1efeb8797df5bd10b70d156764cae1fed006"
)
HELLO_TLS12 = bytes.fromhex(
    "16030100b7010000b303035f0afffcf78cb209a6394c4515612e70b247151f1dc205739e31c1ef61bac374000038c02cc0"
    "30009fcca9cca8ccaac02bc02f009ec024c028006bc023c0270067c00ac0140039c009c0130033009d009c003d003c0035"
    "002f00ff01000052000b000403000102000a000c000a001d0017001e00190018002300000016000000170000000d002a00"
    "28040305030603080708080809080a080b080408050806040105010601030303010302040205020602"
)
#: What ``openssl s_server -tls1_2`` answers with a certificate for *.pool.example, pool.example,
#: 192.0.2.1 and eu.Pool.Example.
FLIGHT_TLS12 = bytes.fromhex(
    "16030300410200003d0303a3ef4c98901a07575f1eba2392b8403e4c9c83c7b47e2c8b912f47cecb7c943f00c02c000015"
    "ff01000100000b000403000102002300000017000016030301fa0b0001f60001f30001f0308201ec30820193a003020102"
    "02146b14a419bfbab3a8524228b85a86826997505712300a06082a8648ce3d040302302b3110300e060355040a0c074578"
    "616d706c653117301506035504030c0e2a2e706f6f6c2e6578616d706c65301e170d3236313132333233343634345a170d"
    "3336313132303233343634345a302b3110300e060355040a0c074578616d706c653117301506035504030c0e2a2e706f6f"
    "6c2e6578616d706c653059301306072a8648ce3d020106082a8648ce3d03010703420004c27570dc6f7567fd047e4706b3"
    "a8bc71dbc54a8ea8dc821b9a64d2c7c18c7782bcd36bf3b5b05628a6c317c86fb9d06d734db5613f2333d53bb781b4211f"
    "aefda38194308191301d0603551d0e04160414a02037ffa6b85b0d9c2559db1aa11a265a86285f301f0603551d23041830"
    "168014a02037ffa6b85b0d9c2559db1aa11a265a86285f300f0603551d130101ff040530030101ff303e0603551d110437"
    "3035820e2a2e706f6f6c2e6578616d706c65820c706f6f6c2e6578616d706c658704c0000201820f65752e506f6f6c2e45"
    "78616d706c65300a06082a8648ce3d04030203470030440220620e6861eed0ad68b668859ecbbaf19c74399d67a94f980e"
    "d11994210a93972f0220242833ea7e640b12172e6679582e511f888d8e7dfccbfc5150c529611bbc7aae16030300720c00"
    "006e03001d20496fe873f61b939569bf3d6ed5d58f8f80ebc5d7a42392be26b882e5f536e96704030046304402202a750c"
    "440413b68bcb31c751175ecf47dee78102b67d31ed662b907db3252eb302202f5c970bdc11a12a7b2dc64fc0dc41a5b88a"
    "09c5070db2a2a9f73d6d1ba1e4b516030300040e000000"
)


def vector(size: int, body: bytes) -> bytes:
    """``body`` behind its length in ``size`` bytes."""
    return len(body).to_bytes(size, "big") + body


def extension(kind: int, body: bytes) -> bytes:
    return kind.to_bytes(2, "big") + vector(2, body)


def record(*messages: bytes, kind: int = 22) -> bytes:
    """A TLS record."""
    return bytes((kind, 3, 3)) + vector(2, b"".join(messages))


def client_hello(
    suites: Sequence[int], extensions: Iterable[tuple[int, bytes]] | None, version: int = 0x0303
) -> bytes:
    """A ClientHello; without extensions at all where they are None."""
    body = version.to_bytes(2, "big") + bytes(32) + b"\0"
    body += vector(2, b"".join(suite.to_bytes(2, "big") for suite in suites)) + b"\1\0"
    if extensions is not None:
        body += vector(2, b"".join(extension(kind, data) for kind, data in extensions))
    return record(b"\1" + vector(3, body))


def server_hello(*extensions: bytes) -> bytes:
    """A ServerHello message, no record."""
    body = b"\3\3" + bytes(32) + b"\0" + b"\xc0\x2f\0"
    return b"\2" + vector(3, body + vector(2, b"".join(extensions)) if extensions else body)


def der(kind: int, *parts: bytes) -> bytes:
    """An element with its length (X.690 section 8.1)."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes((kind, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((kind, 0x80 + len(size))) + size + body


def name(common: str) -> bytes:
    """A distinguished name with a common name."""
    return der(0x30, der(0x31, der(0x30, b"\6\3\x55\4\3", der(0x0C, common.encode()))))


def certificate(
    common: str, *names: str, issuer: str = "Some CA", version: bool = True, pad: int = 0
) -> bytes:
    """An X.509 certificate with nothing but what stands around the names."""
    fields = [der(0xA0, b"\2\1\2")] if version else []
    fields += [b"\2\1\7", der(0x30), name(issuer), der(0x30), name(common), der(0x30, bytes(pad))]
    if names:
        alternatives = der(0x30, *(der(0x82, one.encode()) for one in names))
        rows = der(0x30, b"\6\3\x55\x1d\x13", b"\1\1\xff", der(4, der(0x30)))
        fields.append(der(0xA3, der(0x30, rows, der(0x30, b"\6\3\x55\x1d\x11", der(4, alternatives)))))
    return der(0x30, der(0x30, *fields), der(0x30), der(3, b"\0" + bytes(64)))


def certificate_message(*certificates: bytes) -> bytes:
    """A Certificate message (RFC 5246 section 7.4.2), no record."""
    return b"\x0b" + vector(3, vector(3, b"".join(vector(3, one) for one in certificates)))


def flight(leaf: bytes) -> bytes:
    """ServerHello, the certificate with an issuer's behind it, ServerHelloDone, a record each."""
    chain = certificate_message(leaf, certificate("ca.example"))
    return record(server_hello()) + record(chain) + record(b"\x0e\0\0\0")
