"""Frozen payloads in the vault: a line of JSON with the key and the head, then the bytes that leave."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec

from gateway.flow.house import House
from gateway.ledger.rows import Delivery
from gateway.model.delivery import Frozen
from gateway.model.documents import Action


class _Label(msgspec.Struct, frozen=True):
    key: str
    action: Action
    head: bytes
    also: tuple[str, ...] = ()


async def keep(house: House, payload: Frozen) -> str:
    """Make a payload durable; its address."""
    ref = await asyncio.to_thread(house.vault.put, _pack(payload))
    return ref.address


async def load(house: House, found: Delivery) -> Frozen:
    """The payload of a delivery, byte for byte."""
    data = await asyncio.to_thread(house.vault.read, found.payload or "")
    line = data.index(b"\n")
    label = msgspec.json.decode(data[:line], type=_Label)
    return Frozen(label.key, label.action, label.head, data[line + 1 :], label.also)


def _pack(payload: Frozen) -> Iterator[bytes]:
    yield msgspec.json.encode(_Label(payload.key, payload.action, payload.head, payload.also)) + b"\n"
    view = memoryview(payload.body)
    for start in range(0, len(view), 1 << 20):
        yield bytes(view[start : start + (1 << 20)])
