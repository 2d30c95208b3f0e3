"""How a process is configured: `AEVATAR_*` in the environment, and options of the command line over it.

Built once, where the application is assembled. Nothing else reads the environment.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_SEAL_KEY = re.compile(r"[0-9a-fA-F]{64}")


class Settings(BaseSettings):
    """Each field is read from the variable of its name, upper-case, behind `AEVATAR_`."""

    model_config = SettingsConfigDict(env_prefix="AEVATAR_", frozen=True, populate_by_name=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    """0 lets the system choose."""
    data: Path = Path("var")
    """The folder for the journal, unless `database` says otherwise, and for tokens."""
    database: SecretStr | None = None
    """`postgresql://…`, `sqlite:///path` or `memory:`. It may hold a password."""
    auth: Literal["dev", "token", "oidc"] = "dev"
    oidc_issuer: str | None = None
    """The OpenID provider whose tokens are taken, as it names itself in them."""
    oidc_audience: str | None = None
    """Whom its tokens have to be made for."""
    oidc_scope_claim: str = "aevatar_scope"
    """The claim that names the caller's scope. OAuth's own `scope` is something else: what a token permits."""
    oidc_permissions_claim: str = "permissions"
    """The claim that lists what the caller may do, as a list or as words in one string."""
    seal_key: SecretStr | None = None
    """The key of what is sealed for callers, in hex, where several processes serve without a common data folder."""
    capabilities: Annotated[tuple[str, ...], NoDecode] = ()
    """What to serve besides what is built in: `module:attribute`, separated by commas."""
    log_format: Literal["auto", "console", "json"] = "auto"
    """`auto` is `console` where somebody watches a terminal."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: str | None = Field(
        default=None, validation_alias=AliasChoices("AEVATAR_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )
    """Where spans go, over HTTP."""
    shutdown_timeout: int = Field(default=10, ge=1)
    """Seconds that requests under way are given when the process is asked to stop."""

    @field_validator("capabilities", mode="before")
    @classmethod
    def _separated(cls, value: object) -> object:
        return [name for part in value.split(",") if (name := part.strip())] if isinstance(value, str) else value

    @field_validator("seal_key")
    @classmethod
    def _whole(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _SEAL_KEY.fullmatch(value.get_secret_value()):
            raise ValueError("this has to be 64 hexadecimal digits, as `openssl rand -hex 32` prints them")
        return value

    @property
    def tokens(self) -> Path:
        """The folder in which bearer tokens are known."""
        return self.data / "tokens"


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
