"""Ed25519 signatures (RFC 8032) of manifests, through ``cryptography``; keys come from PEM files only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from netminedet.errors import NetminedetError
from netminedet.report.text import printable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

#: Larger files are no keys; in bytes.
KEY_LIMIT = 65_536
#: Bytes of a signature.
SIGNATURE_BYTES = 64

_MAKE = "make one with: openssl genpkey -algorithm ed25519 -out KEY.pem"
_PUBLIC = "take it from the private key with: openssl pkey -in KEY.pem -pubout -out PUBLIC.pem"


def check_installed() -> None:
    """Raises NetminedetError where the library is missing."""
    try:
        import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401
    except ImportError:
        raise NetminedetError(
            "signatures need the package cryptography; install it: pip install 'netminedet[crypto]'"
        ) from None


def load_private(path: str) -> Ed25519PrivateKey:
    """The private key in a PEM file, which no password protects; raises NetminedetError."""
    check_installed()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    name, data = _read(path, _MAKE)
    try:
        key = load_pem_private_key(data, None)
    except TypeError:
        problem = "is protected by a password; give one that is not: openssl pkey -in KEY.pem -out OPEN.pem"
        raise NetminedetError(f"{name}: {problem}") from None
    except Exception:  # whatever the library finds wrong
        raise NetminedetError(f"{name}: is no private key in PEM form; {_MAKE}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise NetminedetError(f"{name}: is no key for Ed25519; {_MAKE}")
    return key


def load_public(path: str) -> Ed25519PublicKey:
    """The public key in a PEM file; raises NetminedetError."""
    check_installed()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    name, data = _read(path, _PUBLIC)
    try:
        key = load_pem_public_key(data)
    except Exception:  # whatever the library finds wrong
        raise NetminedetError(f"{name}: is no public key in PEM form; {_PUBLIC}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise NetminedetError(f"{name}: is no key for Ed25519; {_PUBLIC}")
    return key


def is_valid(key: Ed25519PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether the owner of the key signed the data."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _read(path: str, remedy: str) -> tuple[str, bytes]:
    name = printable(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(KEY_LIMIT + 1)
    except OSError as error:
        raise NetminedetError(f"{name}: the key cannot be read ({error.strerror}); {remedy}") from None
    if len(data) > KEY_LIMIT:
        raise NetminedetError(f"{name}: larger than {KEY_LIMIT:,} bytes, so no key; {remedy}")
    return name, data
