"""Documents that show actors: materialised in the turn that changed them, queried without waking anybody."""

from aevatar.readmodels.declaration import Attributes, DocumentOf
from aevatar.readmodels.reading import Listing, ReadModels, Versioned

__all__ = ["Attributes", "DocumentOf", "Listing", "ReadModels", "Versioned"]
