"""Every user error is one line, whatever its values contain."""

import pickle

from trainer.errors import DataError, FetchError, OutputError, SnapshotError, UserError


def test_an_error_is_one_line_of_place_problem_and_way_out() -> None:
    assert str(UserError("cats.zip", "is\nbroken", "copy it")) == "cats.zip: is broken; copy it"
    assert str(UserError("cats.zip", "is broken")) == "cats.zip: is broken"


def test_all_errors_of_users_are_caught_as_one_and_cross_processes() -> None:
    for kind in (DataError, FetchError, OutputError, SnapshotError):
        error = pickle.loads(pickle.dumps(kind("place", "problem", "way out")))
        assert isinstance(error, UserError)
        assert type(error) is kind
        assert str(error) == "place: problem; way out"
