"""All randomness is a function of (seed, purpose, image counter, micro-batch); no generator's state is kept."""

import hashlib

import torch


def seed_of(*words: int | str) -> int:
    """Return a 63-bit seed that depends on every word: the first bytes of their SHA-256."""
    text = "\x1f".join(str(word) for word in words)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def seed_everything(*words: int | str) -> None:
    """Seed torch's global generators, on every device, with `seed_of(*words)`."""
    torch.manual_seed(seed_of(*words))


def generator_of(*words: int | str) -> torch.Generator:
    """Return a CPU generator of its own, seeded with `seed_of(*words)`."""
    return torch.Generator().manual_seed(seed_of(*words))
