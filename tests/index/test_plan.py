import pytest

from mmqa.errors import ConfigError
from mmqa.index.plan import IndexPlan


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"index_type": "hnsw"}, r"index_type is 'hnsw'.*Known: auto, flat, sq8"),
        ({"device": "tpu"}, r"index_device is 'tpu'.*Known: auto, cpu, gpu"),
        ({"recall_target": 0.0}, r"recall_target is 0\.0"),
        ({"recall_target": 97}, r"recall_target is 97.*at most 1"),
        ({"recall_target": float("nan")}, r"recall_target is nan"),
        ({"flat_rows": 10, "sq8_rows": 5}, r"\(10, 5, 10000000\).*ascend"),
    ],
)
def test_a_value_that_means_nothing_is_refused_by_name(wrong, said):
    with pytest.raises(ConfigError, match=said):
        IndexPlan(**wrong)


def test_every_named_choice_is_taken():
    for name in ("auto", "flat", "sq8", "ivf_sq8", "ivf_rabitq"):
        assert IndexPlan(index_type=name, recall_target=1.0).index_type == name
