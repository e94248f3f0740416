"""A batch counts as it was read where no partition can have got another leader meanwhile."""

from __future__ import annotations

from sfcrime.streaming.leader_epochs import LeaderEpochs


def test_the_epochs_known_before_the_reading_prove_it() -> None:
    epochs = LeaderEpochs({0: 3, 1: 7})
    assert not epochs.changed({0: 3})
    assert not epochs.changed({})
    assert epochs.changed({0: 4})
    assert epochs.changed({0: 3, 1: 8})


def test_a_partition_that_is_not_known_was_read_under_any_leader() -> None:
    assert LeaderEpochs({0: 3}).changed({2: 0})


def test_where_no_epochs_are_told_nothing_is_read_again() -> None:
    assert not LeaderEpochs({}).changed({0: -1})


def test_what_a_commit_proved_is_not_known_to_what_the_query_fetched_before_it() -> None:
    epochs = LeaderEpochs({0: 3, 1: 7})
    for _ in range(5):
        epochs.committed(epochs.proved_by({0: 4}))
        assert epochs.proved == {0: 4, 1: 7}
        assert epochs.changed({0: 4})
    assert not epochs.changed({1: 7})


def test_a_batch_that_was_read_again_counts_by_the_epochs_of_its_own_reading() -> None:
    epochs = LeaderEpochs({0: 3})
    assert not epochs.changed({0: 5}, {0: 5})
    assert epochs.changed({0: 6}, {0: 5})
