"""``mmqa eval prompts``: which suites there are."""

from __future__ import annotations

from argparse import Namespace

import pytest

from mmqa.commands import eval_prompts
from mmqa.errors import UsageError


def test_a_suite_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="openmoji-development"):
        eval_prompts.run(Namespace(suite="nowhere", limit=None), lambda _chunk: None)
