"""``models list | pull | verify`` and ``doctor``.

Knows: how presets and findings are shown. Refuses to know: how models are fetched and converted.
"""

from __future__ import annotations

from argparse import Namespace

from rich.progress import Progress, TaskID

from mmqa.commands.output import progress, settings, talk, write_json, write_line
from mmqa.errors import UsageError
from mmqa.models.cache import cache_folder
from mmqa.models.doctor import diagnose
from mmqa.models.preset import list_presets, load_preset
from mmqa.models.pull import is_pulled, pull
from mmqa.models.verify import verify
from mmqa.records import Chunk


def models(options: Namespace) -> int:
    """Dispatch on the action."""
    if options.action == "list":
        return _list(options)
    if not options.preset:
        raise UsageError(
            f"models {options.action} was given no preset", "See them: mmqa models list."
        )
    return _pull(options) if options.action == "pull" else _verify(options)


def _list(options: Namespace) -> int:
    cache = cache_folder(settings(options).cache)
    for preset in list_presets():
        facts = {
            "preset": preset.name,
            "description": preset.description,
            "download_bytes": preset.download_bytes,
            "installed_bytes": preset.installed_bytes,
            "memory_bytes": preset.memory_bytes,
            "pulled": is_pulled(preset, cache),
            "roles": [
                {"role": r.role, "licence": r.licence, "description": r.description}
                for r in preset.roles
            ],
        }
        if options.json:
            write_json(facts)
            continue
        write_line(
            f"{preset.name}: {preset.description}\n"
            f"  download {_mb(preset.download_bytes)}, on disk {_mb(preset.installed_bytes)}, "
            f"memory {_mb(preset.memory_bytes)}; {'pulled' if facts['pulled'] else 'not pulled'}"
        )
        for role in preset.roles:
            write_line(f"  {role.role:25} {role.licence:12} {role.description}")
    return 0


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.0f} MB"


def _pull(options: Namespace) -> int:
    preset = load_preset(options.preset)
    with progress(unit="bytes") as bar:
        report = pull(preset, cache_folder(settings(options).cache), Bars(bar))
    if options.json:
        write_json({"event": "done", "pulled": list(report.pulled), "kept": list(report.kept)})
    elif report.pulled:
        talk.print(f"{preset.name}: {', '.join(report.pulled)} ready, {report.seconds:.0f} s")
    else:
        talk.print(f"{preset.name}: all models are in place")
    return 0


class Bars:
    """Shows chunks of work as bars, one a label; on no terminal, says each label once."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, chunk: Chunk) -> None:
        """Advance the bar of the chunk's label, making it first where there is none."""
        if chunk.label not in self.tasks:
            self.tasks[chunk.label] = self.bar.add_task(chunk.label, total=chunk.total)
            if not talk.is_terminal:
                talk.print(f"{chunk.label} ...")
        self.bar.update(self.tasks[chunk.label], completed=chunk.done, total=chunk.total)


def _verify(options: Namespace) -> int:
    problems = verify(load_preset(options.preset), cache_folder(settings(options).cache))
    if options.json:
        write_json({"problems": [str(problem) for problem in problems]})
    elif problems:
        for problem in problems:
            write_line(str(problem))
        talk.print(f"Repair it: mmqa models pull {options.preset}")
    else:
        talk.print(f"{options.preset}: every file is as it was pulled")
    return 1 if problems else 0


def doctor(options: Namespace) -> int:
    """What is there, what is missing, and how to get it; exit code 1 when something is missing."""
    config = settings(options)
    findings = diagnose(load_preset(config.preset), cache_folder(config.cache))
    for finding in findings:
        if options.json:
            write_json(
                {
                    "name": finding.name,
                    "state": finding.state,
                    "fact": finding.fact,
                    "remedy": finding.remedy,
                }
            )
        else:
            write_line(f"{finding.state:8} {finding.name:12} {finding.fact}")
            if finding.remedy:
                write_line(f"{'':21} {finding.remedy}")
    return 1 if any(finding.state == "missing" for finding in findings) else 0
