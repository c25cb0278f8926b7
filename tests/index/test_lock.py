import json
import os

import pytest

from mmqa.errors import IndexFolderError, IndexLockedError
from mmqa.index.lock import FILE_NAME, WriterLock


def test_the_owner_signs_and_leaves_nothing_behind(tmp_path):
    lock = WriterLock(tmp_path)
    assert json.loads((tmp_path / FILE_NAME).read_text())["pid"] == os.getpid()
    lock.release()
    lock.release()
    assert (tmp_path / FILE_NAME).read_text() == ""
    WriterLock(tmp_path).release()


def test_an_owner_that_has_not_signed_yet_still_holds_it(tmp_path):
    lock = WriterLock(tmp_path)
    (tmp_path / FILE_NAME).write_text("")
    with pytest.raises(IndexLockedError, match="another process is writing"):
        WriterLock(tmp_path)
    lock.release()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(IndexFolderError, match="cannot be written"):
        WriterLock(tmp_path)
