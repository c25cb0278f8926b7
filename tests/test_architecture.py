"""The shape of the code: who may import whom is checked by import-linter (make check); here, the
rest of the rules that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("mmqa/**/*.py"), *ROOT.glob("ui/**/*.py")])
HEAVY = ("torch", "faiss", "transformers", "streamlit", "onnxruntime", "numpy", "av", "PIL")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager", "util", "misc"}


@pytest.mark.parametrize("statement", ["import mmqa", "import mmqa.cli", "from mmqa import errors"])
def test_importing_the_package_loads_nothing_heavy(statement: str) -> None:
    program = f"{statement}\nimport sys\nprint(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom mmqa.cli import main\n"
        "try:\n    main(['add', '--help'])\nexcept SystemExit:\n    pass\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_opens_by_saying_what_it_knows(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, f"{path} has no docstring"
    if path.name not in ("__init__.py", "__main__.py"):
        assert "Refuses to know" in " ".join(docstring.split()), (
            f"{path} does not say what it refuses to know"
        )


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_unpickled(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
            assert not {"pickle", "joblib", "dill", "shelve"} & set(names)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
            assert any(k.arg == "weights_only" for k in node.keywords), f"{path}: {node.lineno}"


def test_tests_mirror_the_source() -> None:
    """Every test file tests a module of the same name in the same place, or says why not."""
    free = {
        *("test_architecture.py", "test_bad_input.py", "test_end_to_end.py"),
        *("test_assistant_development.py", "test_browser.py", "test_page_in_browser.py"),
        *("test_concurrency.py", "test_embedded.py", "test_samples.py"),
        *("test_chinese_questions.py", "test_videos.py", "test_long_audio.py"),
        # what happens to a whole index from outside: kills, damage, disks, other processes
        *("test_crash.py", "test_killed_add.py", "test_flipped_bytes.py", "test_log.py"),
        *("test_full_disk.py", "test_read_only.py", "test_taken_away.py", "test_durable_order.py"),
        *("test_power_cut.py", "test_behind_our_back.py"),
    }
    strays = []
    for path in sorted((ROOT / "tests").glob("**/test_*.py")):
        relative = path.relative_to(ROOT / "tests")
        if path.name in free:
            continue
        name = relative.with_name(relative.name.removeprefix("test_"))
        homes = (ROOT / "mmqa" / name, ROOT / name)
        package = name.with_suffix("")
        if not any(h.exists() for h in homes) and not (ROOT / "mmqa" / package).is_dir():
            strays.append(str(relative))
    assert strays == []
