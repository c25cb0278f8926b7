import json
import os
import socket
import subprocess
import sys

import pytest

from mmqa.errors import IndexFolderError, IndexLockedError
from mmqa.index.lock import FILE_NAME, WriterLock, acknowledged, somebody_writes


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


def test_what_was_acknowledged_outlives_the_owner_until_it_is_put_away(tmp_path):
    assert acknowledged(tmp_path) == 0
    lock = WriterLock(tmp_path)
    lock.mark(7)
    lock.mark(12)
    assert acknowledged(tmp_path) == 12
    lock.release()
    assert acknowledged(tmp_path) == 12
    lock = WriterLock(tmp_path)
    assert json.loads((tmp_path / FILE_NAME).read_text())["pid"] == os.getpid()
    assert acknowledged(tmp_path) == 12
    lock.settle()
    lock.release()
    assert acknowledged(tmp_path) == 0


def test_somebody_writes_while_the_process_that_signed_lives(tmp_path):
    assert not somebody_writes(tmp_path)
    lock = WriterLock(tmp_path)
    assert somebody_writes(tmp_path)
    lock.release()
    assert not somebody_writes(tmp_path)
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    for owner, writes in (
        ({"pid": child.pid, "host": socket.gethostname()}, False),
        ({"pid": child.pid, "host": "another-machine"}, True),
        ({"pid": 1, "host": socket.gethostname()}, True),
        ({"pid": "none"}, False),
    ):
        (tmp_path / FILE_NAME).write_text(json.dumps(owner))
        assert somebody_writes(tmp_path) is writes


def test_a_lock_whose_file_was_taken_away_is_not_held(tmp_path):
    lock = WriterLock(tmp_path)
    lock.require_held()
    (tmp_path / FILE_NAME).unlink()
    with pytest.raises(IndexFolderError, match="taken away while it was held"):
        lock.require_held()
    another = WriterLock(tmp_path)
    with pytest.raises(IndexFolderError, match="taken away while it was held"):
        lock.require_held()
    another.require_held()
    another.release()
    lock.release()
