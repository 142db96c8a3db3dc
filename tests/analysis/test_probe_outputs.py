"""Which outputs of probes belong to a sweep."""

from dataclasses import replace

import pytest

from analysis.results.probe_outputs import probed
from analysis.tables.store import ResultStore
from tests.analysis.stores import loaded


@pytest.mark.parametrize(
    ("planned", "found"),
    [(("jacobian-64", "leak-2000"), [64]), (("jacobian",), [4]), ((), [4, 16, 64])],
)
def test_a_sweep_has_the_probes_that_it_plans_not_those_of_another_number_of_images(
    store: ResultStore, planned: tuple[str, ...], found: list[int]
) -> None:
    runs, _ = loaded(store)
    trial = runs.frame["trial"].iloc[0]
    names = {4: "jacobian", 16: "jacobian-16", 64: "jacobian-64"}
    for name in names.values():
        path = store.run(trial).probe(name, 40_000)
        path.parent.mkdir(exist_ok=True)
        path.touch()
    mine = replace(runs, plan=runs.plan.model_copy(update={"probes": planned}))
    assert sorted(one.path.name for one in probed(mine, "jacobian")) == sorted(
        f"{names[count]}-000040000.npz" for count in found
    )
