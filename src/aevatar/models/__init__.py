"""Language models behind one port: providers, gateways, the offline default, and how a name finds its model."""

from aevatar.models.catalogue import Catalogue, ListedProvider, Listing
from aevatar.models.checked import StreamLimits, checked
from aevatar.models.configuration import ModelsSettings, models_settings, unused_keys
from aevatar.models.directory import ModelDirectory
from aevatar.models.estimate import estimated_usage
from aevatar.models.listing import ModelEntry, ModelLister, Price
from aevatar.models.metering import Meter, Used
from aevatar.models.offline import OFFLINE_MODEL, OfflineModel
from aevatar.models.port import FINAL_CODES, RETRYABLE_CODES, ModelCall, ModelError, ModelPort
from aevatar.models.preferences import ModelPreferences, Preferred, preferred_or_none
from aevatar.models.routing import AGENT_PROVIDER, Chosen, ModelId, Routes, choose, fallbacks, resolve, split

__all__ = [
    "AGENT_PROVIDER",
    "FINAL_CODES",
    "OFFLINE_MODEL",
    "RETRYABLE_CODES",
    "Catalogue",
    "Chosen",
    "ListedProvider",
    "Listing",
    "Meter",
    "ModelCall",
    "ModelDirectory",
    "ModelEntry",
    "ModelError",
    "ModelId",
    "ModelLister",
    "ModelPort",
    "ModelPreferences",
    "ModelsSettings",
    "OfflineModel",
    "Preferred",
    "Price",
    "Routes",
    "StreamLimits",
    "Used",
    "checked",
    "choose",
    "estimated_usage",
    "fallbacks",
    "models_settings",
    "preferred_or_none",
    "resolve",
    "split",
    "unused_keys",
]
