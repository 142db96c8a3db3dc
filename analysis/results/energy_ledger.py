"""Energy ledger of sweeps, by item (Karras et al. 2020, Table 25): runs, device-years, kWh, CO2, waste, reuse.

The part of an attempt's work that something was built on counts as result. The rest is wasted: repeated by a later
attempt (superseded), or done for a trial that failed. An attempt belongs to the sweep that submitted it. Energy is
split by time between training, metrics and idle (starting, saving, waiting).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from analysis.tables.attempts import JOULES_PER_KWH, SECONDS_PER_HOUR, UNFINISHED, AttemptRow
from trainer.config.node_power import NODE_DEVICES, NODE_WATTS

HOURS_PER_YEAR = 8766.0
UNPLANNED = "in no sweep's plan"


class Factors(NamedTuple):
    """Factors from hours to kWh and from kWh to CO2.

    The power of a node is nominal: `node_watts`, else that of the profile it ran with, else 275 W for each of 8 V100.
    """

    kg_per_kwh: float = 0.445
    kg_source: str = "world average of 2024, IEA Electricity 2025"
    node_watts: float | None = None
    node_devices: int = NODE_DEVICES

    def paper_kwh(self, attempt: AttemptRow) -> float | None:
        """Return duration x devices / devices per node x power of a node, in kWh; None for CPUs of unknown power."""
        watts = self._device_watts(attempt)
        return None if watts is None else attempt.seconds / SECONDS_PER_HOUR * devices(attempt) * watts / 1000

    def _device_watts(self, attempt: AttemptRow) -> float | None:
        if self.node_watts is not None:
            return self.node_watts / self.node_devices
        if attempt.device_watts is not None:
            return attempt.device_watts
        return NODE_WATTS / self.node_devices if attempt.gpus else None


class Cost(NamedTuple):
    """kWh of one attempt: read from a counter, estimated, and by the paper's formula (None: power unknown)."""

    measured: float
    estimated: float
    paper: float | None
    is_known: bool

    @property
    def total(self) -> float:
        return self.measured + self.estimated


class Item(NamedTuple):
    """One line of the ledger; units in the names. `paper_kwh` is None unless it is known for every attempt."""

    item: str
    sweep: str
    runs: int
    attempts: int
    gpu_years: float
    cpu_hours: float
    measured_kwh: float
    estimated_kwh: float
    paper_kwh: float | None
    training_kwh: float
    metrics_kwh: float
    idle_kwh: float
    kg_co2: float
    attempts_without_energy: int
    coverage: float
    methods: tuple[str, ...]

    @property
    def kwh(self) -> float:
        return self.measured_kwh + self.estimated_kwh


class Ledger(NamedTuple):
    """The `items` add up to `total`; `reused` is work that other sweeps paid for."""

    items: list[Item]
    reused: list[Item]
    total: Item
    factors: Factors


def devices(attempt: AttemptRow) -> float:
    """Return how many devices an attempt used: GPUs if it had any, else CPU cores."""
    return attempt.gpus or attempt.cpus


def cost_of(attempt: AttemptRow, factors: Factors) -> Cost:
    """Return the energy of an attempt. Unmetered time is estimated at the measured power, else by the formula."""
    paper = factors.paper_kwh(attempt)
    if attempt.joules is None or attempt.coverage <= 0:
        return Cost(0.0, paper or 0.0, paper, paper is not None)
    seen = attempt.joules / JOULES_PER_KWH
    unseen = seen * (1 / min(attempt.coverage, 1.0) - 1)
    measured = 0.0 if attempt.is_estimate else seen
    return Cost(measured, seen + unseen - measured, paper, True)


def ledger(
    attempts: Sequence[AttemptRow], planned: Mapping[str, frozenset[str]], chosen: Sequence[str], factors: Factors
) -> Ledger:
    """Return the ledger of the sweeps `chosen` (empty: of the whole store); `planned` has the trials of each sweep."""
    owner = {attempt: owner_of(attempt, planned) for attempt in attempts}
    sweeps = list(chosen) or [*planned, UNPLANNED]
    own = {sweep: [attempt for attempt in attempts if owner[attempt] == sweep] for sweep in sweeps}
    items = [item for sweep in sweeps for item in _items(sweep, own[sweep], factors)]
    reused = [
        item_of("reused", sweep, weighed(others, "result"), factors)
        for sweep in (chosen or planned)
        if (others := [a for a in attempts if a.trial in planned.get(sweep, ()) and owner[a] not in (sweep, UNPLANNED)])
    ]
    everything = [(attempt, 1.0) for sweep in sweeps for attempt in own[sweep]]
    return Ledger(items, reused, item_of("total", "", everything, factors), factors)


def owner_of(attempt: AttemptRow, planned: Mapping[str, frozenset[str]]) -> str:
    """Return the sweep that an attempt belongs to: the one that submitted it, else the first that plans its trial."""
    planning = [sweep for sweep, trials in planned.items() if attempt.trial in trials]
    return attempt.sweep if attempt.sweep in planning else planning[0] if planning else UNPLANNED


KINDS = ("result", "wasted: superseded", "wasted: failed")


def _items(sweep: str, attempts: Sequence[AttemptRow], factors: Factors) -> Iterable[Item]:
    for kind in KINDS:
        parts = weighed(attempts, kind)
        if parts:
            yield item_of(kind, sweep, parts, factors)


def weighed(attempts: Sequence[AttemptRow], kind: str) -> list[tuple[AttemptRow, float]]:
    """Return the attempts of which a part is of this kind, each with the size of that part (0 to 1)."""
    if kind == "result":
        parts = [(attempt, attempt.used) for attempt in attempts]
    else:
        failed = kind == "wasted: failed"
        parts = [(attempt, 1 - attempt.used) for attempt in attempts if (attempt.state in UNFINISHED) == failed]
    return [(attempt, part) for attempt, part in parts if part > 0]


def item_of(name: str, sweep: str, parts: Sequence[tuple[AttemptRow, float]], factors: Factors) -> Item:
    """Return the ledger line of some attempts, each weighted by the part of it that counts."""
    costs = [(attempt, part, cost_of(attempt, factors)) for attempt, part in parts]
    papers = [cost.paper for _, _, cost in costs]
    kwh = sum(part * cost.total for _, part, cost in costs)
    training = sum(part * cost.total * _share(a.training_seconds, a) for a, part, cost in costs)
    metrics = sum(part * cost.total * _share(a.metrics_seconds, a) for a, part, cost in costs)
    return Item(
        item=name,
        sweep=sweep,
        runs=len({attempt.trial for attempt, _ in parts}),
        attempts=len(parts),
        gpu_years=sum(part * a.seconds * a.gpus for a, part in parts) / SECONDS_PER_HOUR / HOURS_PER_YEAR,
        cpu_hours=sum(part * a.seconds * a.cpus for a, part in parts if not a.gpus) / SECONDS_PER_HOUR,
        measured_kwh=sum(part * cost.measured for _, part, cost in costs),
        estimated_kwh=sum(part * cost.estimated for _, part, cost in costs),
        paper_kwh=None if None in papers else sum(part * (cost.paper or 0.0) for _, part, cost in costs),
        training_kwh=training,
        metrics_kwh=metrics,
        idle_kwh=max(kwh - training - metrics, 0.0),
        kg_co2=kwh * factors.kg_per_kwh,
        attempts_without_energy=sum(not cost.is_known for _, _, cost in costs),
        coverage=_coverage(parts),
        methods=tuple(sorted({attempt.method for attempt, _ in parts})),
    )


def _share(seconds: float, attempt: AttemptRow) -> float:
    """Return the share of an attempt's time; where training and metrics overlap, the shares still add up to 1."""
    whole = max(attempt.seconds, attempt.training_seconds + attempt.metrics_seconds)
    return seconds / whole if whole else 0.0


def _coverage(parts: Sequence[tuple[AttemptRow, float]]) -> float:
    """Return the part of device time that was metered, or estimated by the worker itself."""
    time = sum(part * a.seconds * devices(a) for a, part in parts)
    seen = sum(part * a.seconds * devices(a) * (a.coverage if a.joules is not None else 0.0) for a, part in parts)
    return seen / time if time else 0.0
