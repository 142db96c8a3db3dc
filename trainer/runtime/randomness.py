"""All randomness is a function of (seed, purpose, image counter, micro-batch); no generator state is saved."""

import hashlib

import torch


def seed_of(*words: int | str) -> int:
    """Return a 63-bit seed from the SHA-256 of the words."""
    text = "\x1f".join(str(word) for word in words)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def seed_everything(*words: int | str) -> None:
    """Seed torch's global generators, on every device, with `seed_of(*words)`."""
    torch.manual_seed(seed_of(*words))


def generator_of(*words: int | str) -> torch.Generator:
    """Return a new CPU generator, seeded with `seed_of(*words)`."""
    return torch.Generator().manual_seed(seed_of(*words))
