"""What a watch knows, in a file: so that after a restart known suspects are known, and their records grow on.

The file is written beside its place and then renamed, so it is whole or the one before.  Its first line
is JSON: the form's version, who was told as a suspect, and the sums of each host.  Behind it are the
findings as Python's pickle, of which nothing but the types of findings is let in when it is read.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netminedet.errors import NetminedetError
from netminedet.live.announce import Known
from netminedet.live.ledger import HostEntries
from netminedet.model import Verdict
from netminedet.verdict.findings import Findings

#: Name and version of the form.  Findings change with the program, so another program's are not read.
SCHEMA = "netminedet.state/1"
#: Longest first line that is believed, in bytes, and the most that the findings may come to.
MAX_STATE_HEAD = 256 << 20
MAX_STATE_BYTES = 4 << 30
_MODULES = (
    "netminedet.model",
    "netminedet.language",
    "netminedet.verdict.",
    "netminedet.limits",
    "netminedet.signatures.agents",
)
_OTHERS = {
    ("collections", "Counter"),
    ("msgspec._utils", "rebuild"),
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("copyreg", "_reconstructor"),
    ("builtins", "object"),
}


@dataclass(slots=True)
class State:
    """What is kept over a restart."""

    known: dict[str, Known]
    #: host -> its sums; keys of entries are made anew from the findings
    hosts: dict[str, HostEntries]
    #: None where they are of another version of the program
    findings: Findings | None
    sequence: int
    saved_ns: int


class _Unpickler(pickle.Unpickler):
    """Makes nothing but findings: no file can make it run anything else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _OTHERS or (module.startswith(_MODULES) and "." not in name):
            found = super().find_class(module, name)
            if isinstance(found, type) or (module, name) in _OTHERS:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of findings")


def save_state(path: str, state: State, version: str) -> None:
    """Write the state; raises OSError where that cannot be done, and then leaves the old one."""
    head = {
        "schema": SCHEMA,
        "version": version,
        "sequence": state.sequence,
        "saved_ns": state.saved_ns,
        "known": {host: _known_document(known) for host, known in state.known.items()},
        "hosts": {
            host: [one.last_news, one.flows_folded, one.packets_folded, one.bytes_folded]
            for host, one in state.hosts.items()
        },
    }
    target = Path(path)
    temporary = target.with_name(f".{target.name}-{secrets.token_hex(4)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(head, separators=(",", ":")).encode() + b"\n")
            file.write(zlib.compress(pickle.dumps(state.findings, protocol=5), 1))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def load_state(path: str, version: str) -> State | None:
    """The state in the file; None where there is no file.  Raises NetminedetError for what is none."""
    target = Path(path)
    try:
        with target.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_uid not in (0, os.geteuid()) or found.st_mode & 0o022:
                raise NetminedetError(f"{path}: others may write to it, so it is not trusted; remove it")
            line = file.readline(MAX_STATE_HEAD)
            head = json.loads(line)
            if not isinstance(head, dict) or head.get("schema") != SCHEMA:
                raise ValueError("its form is not known")
            packed = file.read(MAX_STATE_BYTES) if head["version"] == version else None
            return _state(head, None if packed is None else _findings(packed))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NetminedetError(f"{path}: cannot be read: {error.strerror or error}") from None
    except NetminedetError:
        raise
    except Exception as error:  # a damaged pickle may raise anything
        raise NetminedetError(f"{path}: is no state of a watch ({error}); remove it") from None


def _findings(packed: bytes) -> Findings:
    unpacker = zlib.decompressobj()
    found = _Unpickler(io.BytesIO(unpacker.decompress(packed, MAX_STATE_BYTES))).load()
    if not isinstance(found, Findings):
        raise ValueError("it holds no findings")
    return found


def _state(head: dict[str, Any], findings: Findings | None) -> State:
    known = dict(_known(head["known"]))
    hosts = {
        host: HostEntries({}, int(last), int(flows), int(packets), int(size))
        for host, (last, flows, packets, size) in head["hosts"].items()
    }
    return State(known, hosts, findings, int(head["sequence"]), int(head["saved_ns"]))


def _known_document(known: Known) -> list[Any]:
    return [int(known.verdict), sorted(known.kinds), known.last_active, known.next_update, known.active]


def _known(document: dict[str, list[Any]]) -> Iterator[tuple[str, Known]]:
    for host, (verdict, kinds, last_active, next_update, active) in document.items():
        yield (
            host,
            Known(Verdict(verdict), set(kinds), int(last_active), int(next_update), active=bool(active)),
        )
