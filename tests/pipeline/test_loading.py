import gc

import pytest
from apache_beam.runners.worker.statesampler import DEFAULT_SAMPLING_PERIOD_MS, StateSampler
from apache_beam.utils.counters import CounterFactory

from pipeline.loading import loading


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    """Beam's own default, whatever another test left; and none has to live with what these set."""
    monkeypatch.setattr(StateSampler.__init__, "__defaults__", (DEFAULT_SAMPLING_PERIOD_MS,))
    yield
    gc.unfreeze()


def test_what_is_loaded_is_spared_by_the_garbage_collector():
    before = gc.get_freeze_count()
    with loading():
        kept = [[] for _ in range(1_000)]
    assert gc.get_freeze_count() >= before + len(kept)
    later = []
    assert any(later is found for found in gc.get_objects())
    assert not any(kept is found for found in gc.get_objects())


def test_nothing_is_collected_meanwhile_but_afterwards():
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_failure_leaves_the_collector_at_work():
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()


def test_beam_looks_often_at_what_a_step_is_at():
    assert StateSampler("before", CounterFactory()).sampling_period_ms == 200
    with loading():
        pass
    assert StateSampler("after", CounterFactory()).sampling_period_ms == 10
