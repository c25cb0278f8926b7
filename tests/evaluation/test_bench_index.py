import pytest

from mmqa.config import Config
from mmqa.evaluation import bench_index, bench_index_process, made_up_index
from mmqa.evaluation.bench_index_process import Task
from mmqa.records import Filter


@pytest.fixture(scope="module")
def report():
    """At a size that says nothing about speed."""
    patch = pytest.MonkeyPatch()
    patch.setattr(bench_index, "SIZES", (300,))
    patch.setattr(bench_index, "TURNS", 1)
    try:
        yield bench_index.run(Config(index_type="ivf_sq8"), None, segments=1_500)
    finally:
        patch.undo()


def test_every_promised_figure_is_measured_with_its_target(report):
    figures = {one.name: one for one in report.figures}
    assert [one for one in figures if "recall" in one] == [
        "recall@10, all",
        "recall@10, pictures (1/2)",
        "recall@10, folders (1/20)",
        "recall@10, folders (1/200)",
    ]
    assert figures["one search among pictures (1/2), p50 ms"].target == 25
    assert figures["times faster than flat FAISS among pictures (1/2)"].target == 15
    assert figures["memory of a searching process / float32 vectors"].target == 0.4
    assert figures["building from the catalogue, minutes"].target == 15
    assert all(one.value > 0 for one in report.figures)


def test_what_the_index_finds_is_what_flat_faiss_finds(report):
    assert all(one.value > 0.9 for one in report.figures if "recall" in one.name)


def test_growth_is_told_size_by_size(report):
    assert "300, asked" in report.how
    assert "ivf_sq8" in report.how["1,500, built"]
    assert report.how["width"] == 400


def test_filters_let_through_the_share_they_are_named_for():
    topics = [1 + topic % 37 for topic in range(300)]
    found = made_up_index.filters(topics)
    for name, share in (("folders (1/20)", 1 / 20), ("folders (1/200)", 1 / 200)):
        held = sum(topics[int(folder.name)] for folder in found[name].folders)
        assert share <= held / sum(topics) < 1.5 * share
    assert found["pictures (1/2)"] == Filter(kinds=("image",))


def test_a_task_comes_back_as_it_was_told(tmp_path):
    task = Task(tmp_path, tmp_path / "q", made_up_index.filters([3] * 300), "cpu")
    assert Task.from_json(task.to_json()) == task


def test_memory_of_its_own_is_no_more_than_all():
    held = bench_index_process.memory()
    assert 0 < held["anonymous"] <= held["resident"]
