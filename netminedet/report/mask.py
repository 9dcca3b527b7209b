"""Hides who is paid and which rig worked, so that a report can be handed on.

Names become pseudonyms under a key: HMAC-SHA-256 (RFC 2104) of the kind and the name.  The
same name and key always give the same pseudonym, so two departments that share a key can
still match what they found; without the key nobody can try out names.  Upper and lower case
are different names, as they are to a pool.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path

from msgspec.structs import replace

from netminedet.errors import NetminedetError
from netminedet.language import N_, Sentence, number_of
from netminedet.signatures.agents import Agent
from netminedet.signatures.logins import split_login
from netminedet.signatures.text import CUT
from netminedet.signatures.wallets import identify
from netminedet.suspects import Evidence, Management, Suspect

#: Shorter keys could be guessed; in bytes.
KEY_MIN = 16
#: Larger files are no keys; in bytes.
KEY_LIMIT = 65536

#: Hex digits of a pseudonym: 64 bits, so that a million names do not meet.
DIGITS = 16

_PSEUDONYM = re.compile(rf"(?:wallet|worker)-[0-9a-f]{{{DIGITS}}}(?:\.worker-[0-9a-f]{{{DIGITS}}})?")

#: In place of an excerpt that may hold names which are not known.
LEFT_OUT = N_("(left out: this host gave more names than are kept)")

#: A name that was cut short in an excerpt is known again from this many characters on.
_CUT_MIN = 4

#: An address that may stand in a text, and the rig behind it.
_ADDRESS_LIKE = (
    r"(?<![0-9A-Za-z])(?P<address>(?:[A-Za-z0-9]{2,12}:)?[0-9A-Za-z_-]{25,160})(?P<rig>[./+][\w.@/+-]{1,64})?"
)
#: Between a rig and what else a login names behind it: another name of it, or an e-mail address.
_PARTS = re.compile(r"[./]")
_REMEDY = "write at least 16 random characters to it, for example with: openssl rand -hex 32"


class MaskError(NetminedetError):
    """A key cannot be used; the text says which and how to make one."""


class Masker:
    """Gives names their pseudonyms.  Raises MaskError for a key of less than ``KEY_MIN`` bytes."""

    def __init__(self, key: bytes | str) -> None:
        data = key.encode() if isinstance(key, str) else key
        if not data.strip():
            raise MaskError("the key for masking is empty; give at least 16 characters, best random ones")
        if len(data) < KEY_MIN:
            size = number_of("{n} byte", "{n} bytes", len(data))
            raise MaskError(f"the key for masking has {size}; give at least {KEY_MIN}, best random ones")
        self._key = data

    def wallet(self, name: str) -> str:
        """``wallet-`` and 16 hex digits."""
        return self._pseudonym("wallet", name)

    def worker(self, name: str) -> str:
        """The pseudonym of a login: its account and its rig apart, so that farms stay recognisable.

        ``0xabc….rig1`` becomes ``wallet-….worker-…``; a login without a rig, ``wallet-…``.
        """
        account, rig = split_login(name)
        masked = self.wallet(account or name)
        return masked if rig is None else f"{masked}.{self.rig(rig)}"

    def rig(self, name: str) -> str:
        """``worker-`` and 16 hex digits."""
        return self._pseudonym("worker", name)

    def _pseudonym(self, kind: str, name: str) -> str:
        data = f"{kind}\0{name}".encode("utf-8", "surrogatepass")
        return f"{kind}-{hmac.new(self._key, data, hashlib.sha256).hexdigest()[:DIGITS]}"


def load_masker(path: str | PathLike[str]) -> Masker:
    """A masker with the key in a file, without the line end behind it; raises MaskError."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(KEY_LIMIT + 1)
    except OSError as error:
        raise MaskError(f"{path}: the key cannot be read ({error.strerror}); {_REMEDY}") from error
    if len(content) > KEY_LIMIT:
        raise MaskError(f"{path}: larger than {KEY_LIMIT} bytes, so hardly a key; {_REMEDY}")
    key = content.rstrip(b"\r\n")
    if not key.strip():
        raise MaskError(f"{path}: the key is empty; {_REMEDY}")
    if len(key) < KEY_MIN:
        size = number_of("{n} byte", "{n} bytes", len(key))
        raise MaskError(f"{path}: the key has {size}, {KEY_MIN} are the least; {_REMEDY}")
    return Masker(key)


def pseudonyms(suspect: Suspect) -> set[str]:
    """Those of its workers and wallets that look like pseudonyms: anybody may call a rig so."""
    return {name for name in (*suspect.workers, *suspect.wallets) if _PSEUDONYM.fullmatch(name)}


def mask_suspect(suspect: Suspect, masker: Masker) -> Suspect:
    """The suspect with pseudonyms for its workers and wallets, wherever they stand.

    In evidence and reasons every occurrence is replaced, also where JSON escapes it or an
    excerpt is cut within it, and so is any other address whose checksum is right.  Hosts,
    pools and agents are what the report is about and stay, but for names within them.
    Of a host that gave more names than were kept, excerpts are left out: they may hold others.
    """
    texts = _Texts(suspect.workers, suspect.wallets, masker)
    return replace(
        suspect,
        workers=tuple(sorted({masker.worker(name) for name in suspect.workers})),
        wallets=tuple(sorted({masker.wallet(name) for name in suspect.wallets})),
        agents=tuple(texts.masked(text) for text in suspect.agents),
        reasons=tuple(texts.masked(text) for text in suspect.reasons),
        software=tuple(_masked_software(agent, texts) for agent in suspect.software),
        evidence=tuple(_masked_evidence(one, texts, suspect.truncated) for one in suspect.evidence),
        management=_masked_management(suspect.management, texts),
    )


def text_masker(workers: Iterable[str], wallets: Iterable[str], masker: Masker) -> Callable[[str], str]:
    """A function that replaces these names, and any address whose checksum is right, in texts."""
    return _Texts(workers, wallets, masker).masked


def _masked_evidence(evidence: Evidence, texts: _Texts, truncated: bool) -> Evidence:
    excerpt = LEFT_OUT if truncated else texts.masked(evidence.excerpt)
    details = {name: texts.masked(value) for name, value in evidence.details.items()}
    return replace(evidence, excerpt=excerpt, why=texts.masked(evidence.why), details=details)


def _masked_software(agent: Agent, texts: _Texts) -> Agent:
    version, hardware = (
        None if text is None else texts.masked(text) for text in (agent.version, agent.hardware)
    )
    return replace(agent, version=version, hardware=hardware)


def _masked_management(told: Management | None, texts: _Texts) -> Management | None:
    if told is None:
        return None
    return replace(
        told,
        interfaces=tuple(texts.masked(text) for text in told.interfaces),
        pools=tuple(texts.masked(text) for text in told.pools),
    )


class _Texts:
    """Replaces the names of one suspect in texts."""

    def __init__(self, workers: Iterable[str], wallets: Iterable[str], masker: Masker) -> None:
        self._masker = masker
        self._masked: dict[str, str] = {}
        for name in workers:
            account, rig = split_login(name)
            self._add(name, masker.worker(name))
            if rig is not None:
                self._add(account, masker.wallet(account))
                self._add_rigs(rig)
        for name in wallets:
            self._add(name, masker.wallet(name))
        self._names = sorted(self._masked, key=lambda name: (-len(name), name))
        whole = "|".join(re.escape(name) for name in self._names)
        names = rf"(?<![^\W_])(?:{whole})(?![^\W_])"
        self._known = re.compile(names) if whole else None
        self._pattern = re.compile(f"{names}|{_ADDRESS_LIKE}" if whole else _ADDRESS_LIKE)

    def _add(self, name: str, pseudonym: str) -> None:
        """The name as it is, and as JSON writes it; of one that was cut, what is left."""
        for shown in filter(None, {name.removesuffix(CUT), *name.split(CUT)}):
            for spelled in (shown, json.dumps(shown, ensure_ascii=False)[1:-1], json.dumps(shown)[1:-1]):
                self._masked.setdefault(spelled, pseudonym)

    def _add_rigs(self, rig: str) -> None:
        """A rig that a message names apart from its account: a whole string of JSON only, since a
        rig may have the name of anything (``1``)."""
        for name in {rig, *_PARTS.split(rig)}:
            for shown in filter(None, name.split(CUT)):
                for spelled in (json.dumps(shown, ensure_ascii=False), json.dumps(shown)):
                    self._masked.setdefault(spelled, f'"{self._masker.rig(name)}"')

    def masked(self, text: str) -> str:
        """The text with every name replaced; of a sentence, in its values too."""
        return text.mapped(self._masked_text) if isinstance(text, Sentence) else self._masked_text(text)

    def _masked_text(self, text: str) -> str:
        parts = text.split(CUT)
        shown = [self._cut(part) if place < len(parts) - 1 else part for place, part in enumerate(parts)]
        return CUT.join(self._pattern.sub(self._replaced, part) for part in shown)

    def _replaced(self, found: re.Match[str]) -> str:
        login = found[0]
        if login in self._masked:
            return self._masked[login]
        address = found["address"]
        for start, end in _spans(address):
            wallet = identify(address[start:end])
            if wallet is not None and (wallet.verified or wallet.form == "eip-55"):
                return login[:start] + self._masker.worker(login[start:])
        return self._known.sub(lambda name: self._masked[name[0]], login) if self._known else login

    def _cut(self, part: str) -> str:
        """A text before a cut, whose end may be the beginning of a name."""
        for name in self._names:
            for length in range(min(len(name), len(part)), _CUT_MIN - 1, -1):
                start = len(part) - length
                is_apart = start == 0 or not part[start - 1].isalnum()
                if is_apart and part.endswith(name[:length]):
                    return part[:start] + self._masked[name]
        return part


def _spans(name: str) -> list[tuple[int, int]]:
    """Where an address may stand in a run of its characters: all of it, or behind ":", or up to "_"."""
    ends = [len(name)]
    if "_" in name:
        ends.append(name.rindex("_"))
    starts = [0]
    if ":" in name:
        starts.append(name.index(":") + 1)
    return [(start, end) for start in starts for end in ends]
