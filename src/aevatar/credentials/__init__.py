"""Handles that stand in for secrets: minted at the edge, redeemed once by the effect in need, never recorded."""

from aevatar.credentials.secret import Secret
from aevatar.credentials.vault import Binding, CredentialUnavailable, CredentialVault, MemoryVault, Reason

__all__ = ["Binding", "CredentialUnavailable", "CredentialVault", "MemoryVault", "Reason", "Secret"]
