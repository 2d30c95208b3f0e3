from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from aevatar.errors import Misassembled
from aevatar.journal.memory import MemoryJournal
from aevatar.journal.sqlite import SqliteJournal
from aevatar.server import Settings
from aevatar.server.journals import journal_at, place_of

DATA = Path("data")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "AEVATAR_HOST": "127.0.0.2",
        "AEVATAR_PORT": "9",
        "AEVATAR_DATA": "elsewhere",
        "AEVATAR_DATABASE": "memory:",
        "AEVATAR_AUTH": "token",
        "AEVATAR_CAPABILITIES": "examples.probe, other:part",
        "AEVATAR_LOG_FORMAT": "json",
        "AEVATAR_LOG_LEVEL": "debug",
        "AEVATAR_OTLP_ENDPOINT": "http://localhost:4318",
        "AEVATAR_SHUTDOWN_TIMEOUT": "3",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert Settings() == Settings(
        host="127.0.0.2",
        port=9,
        data=Path("elsewhere"),
        database=SecretStr("memory:"),
        auth="token",
        capabilities=("examples.probe", "other:part"),
        log_format="json",
        log_level="debug",
        otlp_endpoint="http://localhost:4318",
        shutdown_timeout=3,
    )


def test_an_option_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVATAR_PORT", "9")
    assert Settings(port=10).port == 10


def test_the_collector_may_be_named_as_everywhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    assert Settings().otlp_endpoint == "http://collector:4318"


@pytest.mark.parametrize(
    ("name", "value"), [("AEVATAR_PORT", "65536"), ("AEVATAR_AUTH", "none"), ("AEVATAR_SEAL_KEY", "ab" * 31)]
)
def test_a_wrong_setting_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


def test_settings_do_not_print_the_password_of_a_database() -> None:
    assert "hunter2" not in repr(Settings(database=SecretStr("postgresql://me:hunter2@host/db")))


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (None, "sqlite data/aevatar.db"),
        ("sqlite:///some/where.db", "sqlite some/where.db"),
        ("sqlite:////some/where%20else.db", "sqlite /some/where else.db"),
        ("memory:", "in memory; it ends with the process"),
        ("postgresql://me:hunter2@db.example.com:5433/main?ssl=1", "postgresql db.example.com/main"),
    ],
)
def test_a_journal_is_named_without_its_password(url: str | None, place: str) -> None:
    assert place_of(url, DATA) == place


def test_an_address_becomes_a_journal() -> None:
    from aevatar.journal.postgres import PostgresJournal

    urls = (None, "sqlite:///a.db", "memory:", "postgresql://host/db", "postgres://host/db")
    assert [type(journal_at(url, DATA)) for url in urls] == [
        SqliteJournal,
        SqliteJournal,
        MemoryJournal,
        PostgresJournal,
        PostgresJournal,
    ]


async def test_an_address_of_postgresql_says_where_in_the_database_and_how(postgres_database: str) -> None:
    mark = "&" if "?" in postgres_database else "?"
    options = "schema=staging&connections=2&timeout=5.5&statement_cache_size=0"
    journal = journal_at(f"{postgres_database}{mark}{options}", DATA)
    await journal.open()
    try:
        assert (await journal.info()).location.endswith(" schema staging")
    finally:
        await journal.close()


@pytest.mark.parametrize("option", ["connections=0", "connections=many", "timeout=", "statement_cache_size=-1"])
def test_an_option_of_an_address_that_is_no_such_number_is_refused(option: str) -> None:
    with pytest.raises(Misassembled, match=option):
        journal_at(f"postgresql://host/db?{option}", DATA)


def test_a_schema_of_an_address_needs_a_plain_name() -> None:
    with pytest.raises(Misassembled, match="cannot name a schema"):
        journal_at("postgresql://host/db?schema=drop%20table", DATA)


@pytest.mark.parametrize("url", ["mysql://host/db", "somewhere", "", "sqlite:a.db", "sqlite:///"])
def test_an_address_of_no_known_kind_is_refused(url: str) -> None:
    with pytest.raises(Misassembled, match="a journal"):
        journal_at(url, DATA)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith(("asyncpg", "aevatar.journal.postgres"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(Misassembled, match=r"install aevatar\[postgres\]"):
        journal_at("postgresql://host/db", DATA)
