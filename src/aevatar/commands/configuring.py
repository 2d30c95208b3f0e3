"""From options and the environment to settings, with a sentence where something is wrong."""

from __future__ import annotations

import sys
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from aevatar.errors import Misassembled
from aevatar.platform import Platform, PlatformSettings
from aevatar.server import Capability, Settings, load_capability
from aevatar.wording import sentence_of

S = TypeVar("S", bound=BaseSettings)


def configured(settings: type[S], **given: Any) -> S:
    """Settings from the environment, with what is given and not None over it.

    Raises: Misassembled, naming the setting that is wrong.
    """
    try:
        return settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise Misassembled(f"the setting {'.'.join(map(str, first['loc']))!r} is wrong. {sentence_of(first)}") from None


def platform_settings(**given: Any) -> PlatformSettings:
    """The settings of the platform. Raises: Misassembled, also when a file that somebody named is not there."""
    settings = configured(PlatformSettings, **given)
    if "config" in settings.model_fields_set and not settings.config.exists():
        raise Misassembled(f"there is no {str(settings.config)!r} to configure the platform with")
    return settings


def capabilities_of(settings: Settings, platform: Platform) -> list[Capability]:
    """The platform's own capabilities and those that are named; one's own may lie where one works.

    Raises: Misassembled when one cannot be loaded, or the configuration is wrong.
    """
    if "" not in sys.path:
        sys.path.insert(0, "")
    return platform.capabilities(*map(load_capability, settings.capabilities))
