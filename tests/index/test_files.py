import pytest

from mmqa.index.files import write_durably


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "a"
    write_durably(path, b"old")
    write_durably(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "a"
    write_durably(path, b"old")
    with pytest.raises(TypeError):
        write_durably(path, None)
    assert path.read_bytes() == b"old"
