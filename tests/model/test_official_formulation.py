"""The official formulation used in benchmarks computes the same images, logits and gradients."""

import copy

import pytest
import torch

from benchmarks.bench_iteration import Bench, Row
from benchmarks.official import Official, rewrite
from trainer.ops.kernels import using
from trainer.ops.reference import ReferenceKernels


@pytest.mark.parametrize("grouped", [False, True])
def test_official_formulation_computes_the_same(grouped: bool) -> None:
    torch.manual_seed(0)
    bench = Bench(Row(64, 2, resolution=16, channel_max=8), ReferenceKernels())
    z, nothing = bench.micro_batch.z, bench.micro_batch.gen_c
    found = []
    for kernels in (ReferenceKernels(), Official()):
        generator, discriminator = copy.deepcopy(bench.generator), copy.deepcopy(bench.discriminator)
        if isinstance(kernels, Official):
            rewrite(generator, grouped)
            rewrite(discriminator, grouped)
        with using(kernels):
            logits = discriminator(generator(z, nothing, noise_mode="const"), nothing)
            gradients = torch.autograd.grad(logits.sum(), list(generator.parameters()), allow_unused=True)
        found.append([logits, *(gradient for gradient in gradients if gradient is not None)])
    for ours, theirs in zip(*found, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-5)
