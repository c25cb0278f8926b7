import tomllib

import pytest

from mmqa.errors import IndexMismatchError
from mmqa.index.identity import IndexIdentity, require_same, write_for_people


def test_an_identity_survives_the_catalogue():
    identity = IndexIdentity("embedded", {"mapping": 'a"b\\c', "text_encoder": "ü"}, "concat", 772)
    assert IndexIdentity.from_json(identity.to_json()) == identity
    assert identity.differences(identity) == []


def test_what_people_read_is_valid_toml(tmp_path):
    write_for_people(tmp_path, IndexIdentity("embedded", {"map\n": 'a"\\\tü'}, "concat", 772))
    read = tomllib.loads((tmp_path / "index.toml").read_text("utf-8"))
    assert (read["preset"], read["width"]) == ("embedded", 772)
    assert read["fingerprints"] == {"map\n": 'a"\\\tü'}


def test_a_role_that_only_one_side_has_is_a_difference():
    one = IndexIdentity("embedded", {}, "concat", 772)
    other = IndexIdentity("embedded", {"mapping": "2"}, "concat", 772)
    assert one.differences(other) == ["mapping None, not '2'"]


@pytest.mark.parametrize(
    ("stored", "asked", "remedy"),
    [
        ("embedded", "small", "--preset embedded"),
        ("documents", "embedded", "mmqa.Documents"),
        ("embedded", "documents", r"Library.open\(…\).as_vectorstore"),
    ],
)
def test_the_remedy_opens_what_is_there(tmp_path, stored, asked, remedy):
    with pytest.raises(IndexMismatchError, match=remedy):
        require_same(
            tmp_path, IndexIdentity(stored, {}, "concat", 4), IndexIdentity(asked, {}, "concat", 4)
        )


def test_a_lost_copy_for_people_is_written_again(opened):
    opened().close()
    store = opened()
    store.close()
    (store.folder / "index.toml").unlink()
    opened().close()
    assert (store.folder / "index.toml").exists()
