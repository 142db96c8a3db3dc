"""Two launchers that plan a sweep at the same moment submit each attempt once, and both watch it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.backends.fake import FakeBackend, FakeWorld
from orchestrator.dispatch.dispatcher import Dispatcher
from orchestrator.dispatch.planner import plan_sweep
from orchestrator.dispatch.request import Request
from orchestrator.plan.decide import Action
from orchestrator.store.layout import Store
from tests.orchestrator.test_run_view import done
from trainer.record import State

Launchers = tuple[FakeWorld, Dispatcher, Dispatcher]


@pytest.fixture
def launchers(store: Store, sweep_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Launchers:
    """Two launchers that have seen the same store; nothing counts as submitted merely because it is new."""
    monkeypatch.setattr("orchestrator.store.attempt_state.GRACE_SECONDS", 0.0)
    world, file = FakeWorld(done(store), slots=0), sweep_file()
    first, second = (Dispatcher(store, plan_sweep(store, Request(file)), FakeBackend(world)) for _ in range(2))
    return world, first, second


def attempts(store: Store) -> list[list[int]]:
    return [store.run(trial).attempts() for trial in store.ids()]


def actions(dispatcher: Dispatcher) -> set[Action]:
    return {decision.action for decision in dispatcher.decisions.values()}


def test_what_another_launcher_has_submitted_is_watched_and_not_submitted_again(
    launchers: Launchers, store: Store
) -> None:
    _, first, second = launchers
    assert len(first.submit()) == 4
    for _ in range(3):
        second.submit()
        second.refresh()
    assert attempts(store) == [[1]] * 4
    assert actions(second) == {Action.LEAVE}
    assert second.handles == first.handles


def test_what_was_lost_is_submitted_again_by_one_launcher(
    launchers: Launchers, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, first, second = launchers
    first.submit()
    second.submit()
    world.waiting.clear()
    world.ended = {f"{trial}-1": State.LOST for trial in store.ids()}
    first.refresh()
    second.refresh()
    assert actions(first) == actions(second) == {Action.RESUME}
    monkeypatch.setattr("orchestrator.store.attempt_state.GRACE_SECONDS", 30.0)
    first.submit()
    for _ in range(3):
        second.submit()
        second.refresh()
    assert attempts(store) == [[1, 2]] * 4
    assert actions(second) == {Action.LEAVE}
