"""``mmqa bench``: how large an index, and what that does not go with."""

import json

import pytest

from mmqa.cli import main
from mmqa.evaluation import bench_index


def test_an_index_as_large_as_asked_is_measured(capsys, monkeypatch):
    monkeypatch.setattr(bench_index, "TURNS", 1)
    monkeypatch.setattr(bench_index, "SIZES", ())
    code = main(["bench", "--json", "index", "--segments", "1200"])
    report = json.loads(capsys.readouterr().out)
    assert report["suite"] == "bench: index"
    assert report["how"]["segments"] == 1200
    assert code == 1  # flat FAISS searches so few rows faster


@pytest.mark.parametrize("words", [("add", "--segments", "5000"), ("index", "--segments", "999")])
def test_a_size_that_means_nothing_is_wrong_usage(capsys, words):
    assert main(["bench", *words]) == 2
    assert "--segments takes 1000 or more" in capsys.readouterr().err
