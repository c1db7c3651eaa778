"""Every engine passes the same suite. SQLite always; a server when ``GATEWAY_TEST_POSTGRES`` gives its address."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from gateway.ledger.engine import Ledger
from gateway.model.ports import Silent

Url = Callable[[Path], str]

_SERVER = "GATEWAY_TEST_POSTGRES"


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder}/ledger.db"


def _postgresql(folder: Path) -> str:
    """A schema of its own on the server that is given."""
    address = os.environ[_SERVER]
    name = f"test_{os.getpid()}_{abs(hash(folder))}"
    with create_engine(address).begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    return (
        make_url(address).update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(hide_password=False)
    )


ENGINES = {"sqlite": _sqlite} | ({"postgresql": _postgresql} if _SERVER in os.environ else {})


@pytest.fixture(params=ENGINES.values(), ids=list(ENGINES))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty ledger may be made."""
    make: Url = request.param
    return make(tmp_path)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    found = Ledger(url, Silent())
    yield found
    found.close()
