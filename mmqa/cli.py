"""The command line: parse, call the façade, print.

Knows: the words of every command, and the exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but
some inputs were refused; 130 interrupted. Refuses to know: how anything is done. Nothing heavy is
imported before a command is chosen, so that ``mmqa --help`` is instant.

Data goes to stdout, talk to stderr.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

KINDS = ("image", "audio", "video", "text")
EVALUATIONS = (
    *("retrieval", "answers", "words", "router", "prompts"),
    *("ablation", "stability", "generalisation", "report"),
    *("vqa", "naming", "quantization", "videos", "sentiment"),
)
DESCRIPTION = "Ask questions of your own pictures, recordings and notes, on your own machine."
EPILOG = """\
first steps:
  mmqa models pull embedded             fetch the models, once
  mmqa add ~/Pictures --index trip      make an index, or add to it
  mmqa ask "When does the ferry leave?" --index trip
  mmqa chat --index trip                the same in the browser

exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some inputs were refused"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, for parsing and for the documentation."""
    parser = argparse.ArgumentParser(
        prog="mmqa",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_index_commands(commands)
    _add_question_commands(commands)
    _add_model_commands(commands)
    _add_prompt_commands(commands)
    _add_measuring_commands(commands)
    return parser


Commands = argparse._SubParsersAction  # argparse gives its own return type no public name


def _command(
    commands: Commands[argparse.ArgumentParser],
    name: str,
    run: str,
    about: str,
    *,
    more: str = "",
    index: bool = True,
) -> argparse.ArgumentParser:
    """One command; ``run`` is ``module:function`` below ``mmqa.commands``, imported when chosen."""
    parser = commands.add_parser(
        name,
        help=about,
        description=f"{about[0].upper()}{about[1:]}.",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    if index:
        parser.add_argument(
            "--index", metavar="DIR", help="folder of the index (default: indexes/default)"
        )
    parser.add_argument("--json", action="store_true", help="print JSON, one object a line")
    parser.add_argument(
        "--config", metavar="FILE", help="settings file (default: mmqa.toml, if there is one)"
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="one setting, e.g. --set threads=2; may be repeated",
    )
    return parser


def _add_index_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    add = _command(
        commands,
        "add",
        "index:add",
        "add files and folders to an index, making it if need be",
        more="Unchanged files cost nothing. Files that cannot be read are refused, each with its\n"
        "reason; the others are added, and the exit code is 3. Ctrl-C keeps what was added.",
    )
    add.add_argument("paths", nargs="+", metavar="PATH", help="a file or a folder")
    add.add_argument(
        "--tag", metavar="NAME", action="append", help="tag every one of them; may be repeated"
    )
    _add_reading_options(add)
    _add_sync_command(commands)
    remove = _command(
        commands, "remove", "index:remove", "forget files (they stay on disk)", more=TARGETS
    )
    remove.add_argument("targets", nargs="+", metavar="TARGET", help="a path, folder, glob or id")
    tag = _command(commands, "tag", "index:tag", "tag files, or list their tags", more=TARGETS)
    tag.add_argument("targets", nargs="+", metavar="TARGET", help="a path, folder, glob or id")
    tag.add_argument("--add", metavar="NAME", action="append", help="a tag; may be repeated")
    tag.add_argument("--remove", metavar="NAME", action="append", help="a tag; may be repeated")
    status = _command(commands, "status", "state:status", "say what an index holds")
    status.add_argument("--items", action="store_true", help="list every file")
    _command(
        commands,
        "verify",
        "state:verify",
        "check an index; exit code 1 names what is wrong",
        more="Files that are no longer where they were are a warning: the index is sound without\n"
        "them, and `mmqa sync FOLDER` forgets them or finds them again.",
    )
    _command(
        commands,
        "rebuild",
        "index:rebuild",
        "make the FAISS files anew from the catalogue",
        more="Of a damaged catalogue, what can be read is saved first; files that were lost are\n"
        "named, and the exit code is 3. --set index_type=NAME makes FAISS files of another type.",
    )
    _command(
        commands,
        "compact",
        "index:compact",
        "drop what was removed from all files",
        more="Afterwards no byte of a removed file's text, vectors or thumbnail is left.",
    )


TARGETS = """\
A target is an id, a path, a folder (all below it), or a glob of whole paths, quoted from the shell:
* and ? and [..] stay in a folder, ** does not. A file really named like a glob wins over the glob.
One that names nothing in the index is an error, and nothing is changed."""


def _add_reading_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-ocr", action="store_true", help="do not read text in pictures (faster)"
    )
    parser.add_argument(
        "--language", metavar="CODE", help="language spoken, e.g. en (default: auto)"
    )
    parser.add_argument(
        "--captions",
        action="store_true",
        help="let the language model describe each picture, and keep that as text",
    )


def _add_sync_command(commands: Commands[argparse.ArgumentParser]) -> None:
    sync = _command(
        commands,
        "sync",
        "syncing:sync",
        "make an index equal to folders: add, replace, move, remove",
        more="Files from elsewhere stay. A moved or renamed file keeps features and tags. A file "
        "that is\nthere but cannot be read is refused (exit code 3), and what the index held of it "
        "stays.\nA folder that is not there, or suddenly empty, is an error: its drive may not be "
        "mounted.\n--watch locks the index only while something is changed, and ends with Ctrl-C.",
    )
    sync.add_argument("folders", nargs="+", metavar="FOLDER", help="a folder")
    sync.add_argument("--watch", action="store_true", help="go on, whenever something changes")
    sync.add_argument(
        "--dry-run", action="store_true", help="only say what would be done; changes nothing"
    )
    sync.add_argument(
        "--include",
        metavar="GLOB",
        action="append",
        help="only such paths below the folder, e.g. '**/*.jpg'; may be repeated",
    )
    sync.add_argument(
        "--exclude", metavar="GLOB", action="append", help="all but such paths; may be repeated"
    )
    _add_reading_options(sync)


def _add_question_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", nargs="?", default="", metavar="QUESTION", help="in words")
    parser.add_argument("--audio", metavar="FILE", help="a recording as (part of) the question")
    parser.add_argument("-k", type=int, metavar="N", help="how many segments to find")
    parser.add_argument(
        "--modality", choices=KINDS, action="append", help="only this kind; may be repeated"
    )
    parser.add_argument(
        "--folder",
        metavar="DIR",
        action="append",
        help="only files below this folder; may be repeated",
    )
    parser.add_argument(
        "--since", metavar="DATE", help="only what was taken then or later, e.g. 2024-06-01"
    )
    parser.add_argument(
        "--until", metavar="DATE", help="only what was taken before; a day counts as a whole"
    )
    parser.add_argument(
        "--tag",
        metavar="NAME",
        action="append",
        help="only files with this tag; several: with all of them",
    )
    parser.add_argument(
        "--batch",
        metavar="FILE",
        help="one JSON object a line with question, image, audio; - is standard input",
    )


def _add_question_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    search = _command(
        commands, "search", "question:search", "find the pictures, recordings and notes that matter"
    )
    _add_question_options(search)
    search.add_argument("--image", metavar="FILE", help="a picture as (part of) the question")
    ask = _command(commands, "ask", "question:ask", "answer a question, with the evidence")
    _add_question_options(ask)
    ask.add_argument(
        "--image", metavar="FILE", action="append", help="a picture to ask about; may be repeated"
    )
    ask.add_argument(
        "--no-retrieval", action="store_true", help="answer from what is attached alone"
    )
    transcript = _command(
        commands,
        "transcript",
        "transcript:transcript",
        "write down what is said in a recording or video",
        more="A file of the index is not listened to again. Any other file is, unless a"
        " transcript\n"
        "lies beside it (talk.srt, talk.vtt, talk.transcript.txt): that is taken as it is."
        " Cues of\n"
        "long spans are cut within them, their times estimated by the length of the words.",
    )
    transcript.add_argument("target", metavar="PATH|ID", help="a file, or an id of the index")
    transcript.add_argument(
        "--format", choices=("srt", "vtt", "txt"), help="default: as --out ends, else srt"
    )
    transcript.add_argument("--out", metavar="FILE", help="where to write it (default: stdout)")
    transcript.add_argument(
        "--overwrite", action="store_true", help="write also where there is a file already"
    )
    _add_sentiment_command(commands)
    chat = _command(commands, "chat", "chat:chat", "open the chat in the browser, on localhost")
    chat.add_argument("--port", type=int, metavar="N", help="port on localhost (default: 8501)")


def _add_sentiment_command(commands: Commands[argparse.ArgumentParser]) -> None:
    sentiment = _command(
        commands,
        "sentiment",
        "sentiment:sentiment",
        "tell how pictures, words, recordings and videos feel",
        more="Files are judged as they are, without an index; --index DIR judges what it holds:\n"
        "the files named, or all. What is seen, read, heard, and how it sounds is told apart, and\n"
        "where they contradict each other. --set sentiment=FOLDER takes a trained head.",
    )
    sentiment.add_argument(
        "targets", nargs="*", metavar="FILE", help="a file; with --index also a folder, glob or id"
    )
    sentiment.add_argument(
        "--text", metavar="WORDS", default="", help="words beside each file, or alone"
    )
    sentiment.add_argument(
        "--plot", metavar="FILE", help="write the curve over time, as .png or .svg"
    )
    sentiment.add_argument(
        "--language-model", action="store_true", help="ask the language model too (slower)"
    )


def _add_model_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    models = _command(
        commands, "models", "models:models", "list, fetch or check the models", index=False
    )
    models.add_argument("action", choices=("list", "pull", "verify"))
    models.add_argument("preset", nargs="?", metavar="PRESET", help="e.g. embedded")
    _command(
        commands, "doctor", "models:doctor", "say what is there, what is missing, how to get it"
    )


TRAIN = """\
mapping: pictures into the space of words. --pairs FILE (JSON Lines or CSV: image or audio, text),
  or --index DIR to learn from captions, notes and words beside your own files; --method
  closed-form, linear or mlp. With neither, what the package ships is fitted anew.
fusion: the vectors of a segment into one; --method weighted or attention, --index or --pairs.
router: how much to look, read and listen.
sentiment: negative, neutral or positive; --labels FILE, JSON Lines with image, audio, text, label
  (without: public emoji and rated sentences); then use it with --set sentiment=OUT.
head: a classifier; --pairs FILE with a label in each row; --method concatenation or sum.
words: the prompt words, from public word lists; after the shipped mapping was fitted anew.
connector: what lets a language model see; --language-model DIR and --pairs FILE (image, question,
  answer) are optional: without, what the package ships is trained anew, from public packages.
Training is seeded and stops early; --resume goes on from the last checkpoint. Then move an index:
mmqa rebuild --index DIR --set mapping=OUT (or fusion=OUT)."""

BENCHES = ("add", "adding", "audio", "index", "search", "startup", "vlm")
EVAL = """\
retrieval --suite openmoji, openclipart, photographs: words to pictures never fitted on, and back
retrieval --suite asterisk: questions to recordings of real speech, word error rate
retrieval --suite long-recordings: sentences in three recordings of 21 minutes, to the second
answers --suite samples, samples-blind, samples-development, samples-development-zh, or a FILE
  of your own: questions with expected words and files (see indexes/samples)
words: prompt words of unseen pictures; router: hand-written questions; prompts: each of them
ablation, stability, report --suite mixed, or a FILE of your own questions with --index DIR
generalisation: fitted on one collection, tested on others
vqa --suite easy-vqa, scenes, words: questions about pictures, also with the wrong picture
sentiment --suite emoji, sentences (default: both), language-model: on public ratings
naming: what photographs show; quantization: full precision, int8 and NF4 on the same questions
videos --suite made, made-development: shots of videos found by slides, by speech, by both"""


def _add_prompt_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    prompts = _command(
        commands,
        "prompts",
        "prompts:prompts",
        "list, show or fill in the prompt templates",
        index=False,
        more="Put a file of the same name into a folder of your own and set prompts=FOLDER: its\n"
        "tables come before those of the package.",
    )
    prompts.add_argument("action", choices=("list", "show", "render"))
    prompts.add_argument("name", nargs="?", metavar="NAME", help="e.g. question, counting")
    prompts.add_argument(
        "--language", metavar="CODE", default="en", help="of the template (default: en)"
    )
    prompts.add_argument(
        "--value",
        metavar="NAME=TEXT",
        action="append",
        default=[],
        help="what a variable of the template holds; may be repeated",
    )


def _add_measuring_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    train = _command(
        commands,
        "train",
        "measure:train",
        "train a mapping, a fusion, the router, a classifier or the prompt words",
        more=TRAIN,
    )
    train.add_argument(
        "what", choices=("mapping", "fusion", "router", "head", "sentiment", "words", "connector")
    )
    train.add_argument(
        "--pairs", metavar="FILE", action="append", help="what to learn from; may be repeated"
    )
    train.add_argument(
        "--labels", metavar="FILE", action="append", help="labelled rows (sentiment)"
    )
    train.add_argument("--method", metavar="NAME", help="see below")
    train.add_argument("--out", metavar="DIR", help="folder for what is trained")
    train.add_argument("--epochs", type=int, metavar="N", help="at most so many; it stops early")
    train.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same result")
    train.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train"
    )
    train.add_argument(
        "--copies",
        type=int,
        default=0,
        metavar="N",
        help="of each picture, N mildly changed ones to learn from too (mapping)",
    )
    train.add_argument(
        "--language-model",
        metavar="DIR",
        help="safetensors folder of another language model to let see (connector)",
    )
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    evaluate = _command(
        commands,
        "eval",
        "measure:evaluate",
        "measure quality, with n and a confidence interval",
        more=EVAL,
    )
    evaluate.add_argument("what", choices=EVALUATIONS)
    evaluate.add_argument("--suite", metavar="NAME", help="see below")
    evaluate.add_argument("--limit", type=int, metavar="N", help="only the first N cases")
    evaluate.add_argument("--seed", type=int, default=0, metavar="N", help="of what is drawn")
    evaluate.add_argument("--out", metavar="DIR", help="folder for the report")
    bench = _command(
        commands, "bench", "measure:bench", "measure speed, as ratios within one run", index=False
    )
    bench.add_argument("what", choices=BENCHES)
    bench.add_argument(
        "--segments", type=int, metavar="N", help="how large an index (adding, index, search)"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    >>> main(["--version"])
    mmqa 0.1.0
    0
    """
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.version:
        from mmqa import __version__

        print(f"mmqa {__version__}")
        return 0
    if options.command is None:
        parser.print_help()
        return 2
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    from importlib import import_module

    from mmqa.errors import ConfigError, MmqaError, UsageError

    module, _, function = options.run.partition(":")
    try:
        return int(getattr(import_module(f"mmqa.commands.{module}"), function)(options))
    except (UsageError, ConfigError) as error:
        print(f"mmqa: {error}", file=sys.stderr)
        return 2
    except MmqaError as error:
        print(f"mmqa: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mmqa: interrupted; what was reported as done is kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1


if __name__ == "__main__":
    sys.exit(main())
