"""Every tagged spec has an implementation, and `build` finds it."""

from collections.abc import Iterator

import pytest

import trainer.config.train  # noqa: F401  (defines the specs)
from tests.trainer.conftest import TINY, TrialMaker
from trainer import families
from trainer.config.dataset import describe
from trainer.config.resolve import resolve
from trainer.config.spec import Spec


def specs(root: type[Spec] = Spec) -> Iterator[type[Spec]]:
    for child in root.__subclasses__():
        if "type" in child.model_fields and child.__module__.startswith("trainer."):
            yield child
        yield from specs(child)


@pytest.mark.parametrize("spec", sorted(set(specs()), key=lambda spec: spec.__name__))
def test_every_spec_is_implemented_where_it_says(spec: type[Spec]) -> None:
    required = {"r1_gamma": 1.0, "p": 0.5}
    wanted = spec(**{name: required[name] for name, field in spec.model_fields.items() if field.is_required()})
    assert families.implementation_of(wanted).__module__ == spec.module


def test_there_are_as_many_tags_as_specs() -> None:
    found = sorted(set(specs()), key=lambda spec: spec.__name__)
    assert {"AdaAugment", "FixedAugment", "Logistic", "NoAugment"} <= {spec.__name__ for spec in found}


def test_specs_of_a_configuration_build(trials: TrialMaker) -> None:
    config = resolve(TINY, describe(trials.data, trials.root))
    assert families.build(config.augment).p == 0
    assert families.build(config.generator, 16, 1, 0).num_ws == 6
