"""The façade: one index, opened, filled, searched and asked.

Knows: how the configuration picks the parts, and how the two flows are composed from them.
Refuses to know: how any stage works, and how anything is printed or drawn.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from mmqa import config as configuration
from mmqa.attachments import Attachment, check, describe, read_question, spoken
from mmqa.calibrating import Calibrations
from mmqa.config import Config
from mmqa.errors import IndexMissingError, MediaError, UsageError
from mmqa.extraction import Extractors
from mmqa.holdings import missing_media, status
from mmqa.index.catalogue import Catalogue
from mmqa.index.identity import IndexIdentity, require_same
from mmqa.index.layout import thumbnail_path
from mmqa.index.plan import IndexPlan
from mmqa.index.repair import Repair
from mmqa.index.store import IndexStore
from mmqa.interfaces import Cancelled, Progress
from mmqa.media.reader import FileReader
from mmqa.parts import Parts
from mmqa.questions import Asking, Encoded, evener, named, question_parts, understood
from mmqa.records import (
    AddEvent,
    AddReport,
    Answer,
    AnswerEvent,
    DoneEvent,
    FileTranscript,
    Filter,
    Hit,
    KeyFrame,
    MediaItem,
    Picture,
    Question,
    SearchResult,
    Segment,
    Source,
    Status,
    SyncReport,
)
from mmqa.retrieval.search import Asked, Found, search, search_many
from mmqa.segmenting import Segmenter
from mmqa.targets import checked_tags, named_items
from mmqa.writing import Writer

if TYPE_CHECKING:
    from mmqa.applications.sentiment.opinions import Sentiments
    from mmqa.assistant import Assistant
    from mmqa.describing import Describing
    from mmqa.documents import Documents
    from mmqa.feeling import Feeling
    from mmqa.preparing import Stages
    from mmqa.retrieval.langchain import MmqaRetriever
    from mmqa.vectorstore import MmqaVectorStore

SearchResults: TypeAlias = list[SearchResult]
Answers: TypeAlias = list[Answer]

AT_ONCE = 256
"""Questions of a batch that are encoded and searched together: bounds memory."""

ASKED_AT_ONCE = 16
"""Questions of a batch that are answered together: bounds memory, prompts and pictures included."""

REUSED_AT_ONCE = 500
"""Payloads copied in one transaction."""


class Library:
    """One index of pictures, recordings and notes, and the models that answer from it.

    Open with :meth:`open`; close with :meth:`close` or a ``with`` statement. Searching never blocks
    on adding; one process adds at a time. Safe to use from several threads.
    """

    def __init__(self, store: IndexStore, parts: Parts) -> None:
        self._store = store
        self._parts = parts
        self._reader = FileReader.within(parts.config)
        self._assistant: Assistant | None = None
        self._lock = threading.RLock()
        self._aside = ThreadPoolExecutor(thread_name_prefix="mmqa-search")
        self._kept_writer = Writer(self._open_writer, store.folder)
        self._calibrations = Calibrations(store, parts.fuser, lambda: parts.mapping)

    # ------------------------------------------------------------------ opening

    @classmethod
    def open(
        cls, path: str | Path | None = None, *, create: bool = True, config: Config | None = None
    ) -> Library:
        """Open the index in a folder, making it first where there is none.

        Args:
            path: Folder of the index; ``None`` takes the configuration's.
            create: Whether to make it; otherwise a missing index is an error.
            config: Settings; ``None`` loads them from ``mmqa.toml`` and the environment.

        Raises:
            IndexMissingError: There is no index and ``create`` is false.
            IndexMismatchError: It was made by another preset, encoder, fusion or format.
            IndexDamagedError: Its catalogue cannot be read.
            ModelMissingError: The preset's models have not been pulled.
        """
        settings = config or configuration.load()
        folder = Path(path or settings.index).expanduser().absolute()
        if not create and not IndexStore.exists(folder):
            raise IndexMissingError(
                folder,
                f"there is no index in {str(folder)!r}",
                f"Make one: mmqa add FOLDER --index {folder}",
            )
        parts = Parts(settings)
        identity, plan = _identity(parts), _plan(settings)
        if not IndexStore.exists(folder):
            IndexStore.create(folder, identity, parts.fuser, plan=plan).close()
        return cls(IndexStore.open(folder, identity, parts.fuser, plan=plan), parts)

    @staticmethod
    def repair(path: str | Path | None = None, *, config: Config | None = None) -> Repair | None:
        """Save what can be read of a damaged index; then open it and :meth:`rebuild`.

        Args:
            path: Folder of the index; ``None`` takes the configuration's.
            config: Settings; ``None`` loads them.

        Returns:
            How many files were saved, and which have to be added again; ``None`` where the
            catalogue is sound.

        Raises:
            IndexMissingError: There is no index.
            IndexLockedError: Another process is writing to it.
            IndexDamagedError: Nothing can be saved.
        """
        settings = config or configuration.load()
        folder = Path(path or settings.index).expanduser().absolute()
        return IndexStore.repair(folder, Parts(settings).fuser)

    @classmethod
    def remap(
        cls,
        path: str | Path | None = None,
        *,
        config: Config | None = None,
        on_progress: Progress | None = None,
        cancelled: Cancelled | None = None,
    ) -> bool:
        """Move an index to this configuration's mapping and fusion, reading no file again.

        Nothing happens to an index that is made with them already. Call :meth:`rebuild` afterwards.

        Args:
            path: Folder of the index; ``None`` takes the configuration's.
            config: Settings; ``None`` loads them.
            on_progress: Told as files are done.
            cancelled: Asked now and then; true leaves the index as it was.

        Returns:
            Whether the index was moved.

        Raises:
            IndexMissingError: There is no index.
            IndexMismatchError: It was made by other encoders too; those need the files.
            IndexLockedError: Another process is writing to it.
            IndexFolderError: The features of a picture were not kept; nothing is changed.
        """
        from mmqa.remapping import remap

        settings = config or configuration.load()
        folder = Path(path or settings.index).expanduser().absolute()
        parts = Parts(settings)
        identity, plan = _identity(parts), _plan(settings)
        with IndexStore.open(folder, None, parts.fuser, writable=True, plan=plan) as store:
            if not store.identity.differences(identity):
                return False
            if not store.identity.movable_to(identity):
                require_same(folder, store.identity, identity)
            segmenter = Segmenter(lambda: parts.text_encoder, parts.mapping, parts.prompt_words)
            return remap(store, identity, segmenter, on_progress, cancelled)

    @staticmethod
    def list(folder: str | Path = "indexes") -> list[Path]:
        """The folders directly below ``folder`` that hold an index, sorted; no hidden ones."""
        root = Path(folder).expanduser()
        if not root.is_dir():
            return []
        return sorted(
            child
            for child in root.iterdir()
            if IndexStore.exists(child) and not child.name.startswith(".")
        )

    def close(self) -> None:
        """Release files and models; the library cannot be used afterwards."""
        self._aside.shutdown()
        self._kept_writer.release()
        self._store.close()
        self._parts.release()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ------------------------------------------------------------------ writing

    def add(
        self,
        paths: str | Path | Iterable[str | Path],
        on_event: Callable[[AddEvent], None] | None = None,
        cancelled: Cancelled | None = None,
        *,
        tags: Iterable[str] = (),
        on_progress: Progress | None = None,
    ) -> AddReport:
        """Add files and folders; what is unchanged costs nothing, what fails is reported.

        Args:
            paths: One path or several; folders are walked.
            on_event: Told of each file, only once it is durable.
            cancelled: Asked between files, and every few minutes of a long recording; what was
                added, and what was heard of it, stays.
            tags: Given to every one of the files, also to those that were there already.
            on_progress: Told as long recordings are listened to (``seconds``), and as FAISS files
                are written (``steps``).

        Raises:
            IndexLockedError: Another process is adding to this index.
            UsageError: A tag cannot be kept.
        """
        from mmqa.ingest import Ingest

        names = checked_tags(tags)
        with self._writer() as store:
            ingest = Ingest(
                store, self._stages(), on_event, cancelled, tags=names, on_progress=on_progress
            )
            return ingest.add([Path(path).expanduser() for path in _several(paths)])

    def sync(
        self,
        folders: str | Path | Source | Iterable[str | Path | Source],
        on_event: Callable[[AddEvent], None] | None = None,
        cancelled: Cancelled | None = None,
        *,
        dry_run: bool = False,
        on_progress: Progress | None = None,
    ) -> SyncReport:
        """Make the index equal to folders; files from elsewhere stay. See :mod:`mmqa.sync`.

        Args:
            folders: One folder or several; a :class:`mmqa.records.Source` says which of its files.
            on_event: Told of each file, only once it is durable.
            cancelled: Asked between files; what was done by then stays.
            dry_run: Only say what would be done.
            on_progress: Told as FAISS files are written.

        Raises:
            UsageError: A folder is not there, or empty while the index holds files of it.
            IndexLockedError: Another process is writing to this index.
        """
        from mmqa.sync import preview, sync

        sources = _sources(folders)
        if dry_run:
            return preview(self._store, self._reader, sources, on_event)
        with self._writer() as store:
            return sync(
                store, self._stages(), sources, on_event, cancelled, on_progress=on_progress
            )

    @staticmethod
    def preview(
        folders: str | Path | Source | Iterable[str | Path | Source],
        on_event: Callable[[AddEvent], None] | None = None,
        *,
        config: Config | None = None,
    ) -> SyncReport:
        """What :meth:`sync` would do where there is no index yet; none is made."""
        from mmqa.sync import Nothing, preview

        reader = FileReader.within(config or configuration.load())
        return preview(Nothing(), reader, _sources(folders), on_event)

    def watch(
        self,
        folders: str | Path | Source | Iterable[str | Path | Source],
        on_event: Callable[[AddEvent], None] | None = None,
        cancelled: Cancelled | None = None,
        *,
        on_notice: Callable[[str], None] | None = None,
    ) -> Iterator[SyncReport]:
        """Sync folders now and whenever something changes in them; see :mod:`mmqa.watching`.

        Args:
            folders: As for :meth:`sync`.
            on_event: Told of each file that changed, only once that is durable.
            cancelled: Asked about twice a second and between files; true ends it.
            on_notice: Told, as a sentence, what is being waited for.

        Yields:
            A report after each round; no lock is held meanwhile.

        Raises:
            UsageError: A folder is not there at the start.
        """
        from mmqa.watching import watch

        return watch(
            self.sync,
            _sources(folders),
            but=self._store.folder,
            on_event=on_event,
            cancelled=cancelled,
            on_notice=on_notice,
        )

    def remove(self, targets: str | Path | Iterable[str | Path]) -> tuple[MediaItem, ...]:
        """Forget files, at once for every reader; the files themselves are left alone.

        Args:
            targets: Paths, folders (all below), globs or ids; see :mod:`mmqa.targets`.

        Returns:
            What was removed.

        Raises:
            UsageError: A target names nothing in the index; nothing is removed then.
        """
        with self._writer() as store:
            items = named_items(store, _several(targets))
            with store.transaction() as transaction:
                for item in items:
                    transaction.remove(item.path)
            store.flush()
        return tuple(items)

    def tag(
        self,
        targets: str | Path | Iterable[str | Path],
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> tuple[MediaItem, ...]:
        """Change the tags of files that are in the index.

        Args:
            targets: As for :meth:`remove`.
            add: Tags that they shall carry.
            remove: Tags that they shall not.

        Returns:
            The files, with the tags they carry now.

        Raises:
            UsageError: A target names nothing, or a tag cannot be kept; nothing is changed then.
        """
        more, less, wanted = checked_tags(add), checked_tags(remove), _several(targets)
        if not more and not less:
            return tuple(named_items(self._store, wanted))
        with self._writer() as store:
            items = named_items(store, wanted)
            with store.transaction() as transaction:
                for item in items:
                    transaction.tag(item.path, more, less)
            return tuple(found for item in items if (found := store.known(item.path)))

    def reuse(self, other: str | Path) -> int:
        """Take over what the models read out of files for another index, by the files' content.

        Files that are added afterwards are not read again by the models that both indexes share.

        Args:
            other: Folder of the other index, made by whatever models.

        Returns:
            How much was taken over: one for each file and each set of models.
        """
        with closing(Catalogue(Path(other).expanduser().absolute())) as catalogue:
            keys = catalogue.all("SELECT sha256, fingerprint FROM extractions")
            with self._writer() as store:
                for start in range(0, len(keys), REUSED_AT_ONCE):
                    with store.transaction() as transaction:
                        for sha256, fingerprint in keys[start : start + REUSED_AT_ONCE]:
                            payload = catalogue.extraction(sha256, fingerprint)
                            if payload is not None:
                                transaction.put_extraction(sha256, fingerprint, payload)
        return len(keys)

    def rebuild(
        self, on_progress: Progress | None = None, cancelled: Cancelled | None = None
    ) -> bool:
        """Make the FAISS segments anew from the catalogue, and measure what scores mean.

        Args:
            on_progress: Told as rows go in.
            cancelled: Asked now and then; true stops, and the old files stay.

        Returns:
            Whether it was done.
        """
        return self._renew(lambda store: store.rebuild(on_progress, cancelled))

    def compact(
        self, on_progress: Progress | None = None, cancelled: Cancelled | None = None
    ) -> bool:
        """Drop what was removed from all files, thumbnails too; small FAISS files are merged.

        Args:
            on_progress: Told as rows go in.
            cancelled: Asked now and then; true stops, and the next one goes on.

        Returns:
            Whether it was done.
        """
        return self._renew(lambda store: store.compact(on_progress, cancelled))

    def _renew(self, change: Callable[[IndexStore], bool]) -> bool:
        from mmqa.ingest import recalibrate

        with self._writer() as store:
            recalibrate(store, self._parts.mapping)
            return change(store)

    def verify(self) -> tuple[str, ...]:
        """What is wrong with the index, a sentence each; empty when it is sound."""
        return tuple(str(problem) for problem in self._store.verify())

    def missing_media(self) -> tuple[Path, ...]:
        """Files of the index that are no longer where they were, sorted.

        They are found and quoted all the same; ``sync`` forgets them, or finds them again.
        """
        return missing_media(self._store)

    # ------------------------------------------------------------------ reading

    def search(
        self,
        question: str = "",
        *,
        image: Attachment | None = None,
        audio: Attachment | None = None,
        k: int = 10,
        where: Filter | None = None,
    ) -> SearchResult:
        """Find the segments that matter: by words, by a picture, by a recording, or together.

        Args:
            question: Words, in any language that the text encoder knows; letters match in all.
            image: A picture as (part of) the question.
            audio: A recording; without words its transcript is the question.
            k: How many hits, from 1.
            where: Only segments that it lets through.

        Raises:
            UsageError: The question is empty or too long, or ``k`` is below 1.
            MediaError: An attachment cannot be read.
        """
        if k < 1:
            raise UsageError(f"k is {k}", "Ask for at least one hit.")
        asked = read_question(self._reader, question, [image] if image is not None else [], audio)
        return self._search(spoken(asked, lambda: self._parts.transcriber), k, where)

    def search_batch(
        self, questions: Sequence[str], *, k: int = 10, where: Filter | None = None
    ) -> SearchResults:
        """What :meth:`search` finds for each question in words, in order, at less cost.

        Args:
            questions: Words; none may be empty.
            k: How many hits each, from 1.
            where: Only segments that it lets through.

        Raises:
            UsageError: A question is empty or too long, or ``k`` is below 1.
        """
        if k < 1:
            raise UsageError(f"k is {k}", "Ask for at least one hit.")
        asked = [check(question, attached=False) for question in questions]
        found: SearchResults = []
        for first in range(0, len(asked), AT_ONCE):
            found.extend(self._search_many(asked[first : first + AT_ONCE], k, where))
        return found

    def ask(
        self,
        question: str = "",
        *,
        images: Sequence[Attachment] = (),
        audio: Attachment | None = None,
        k: int = 8,
        where: Filter | None = None,
        retrieval: bool = True,
    ) -> Answer:
        """Answer a question from the index, with citations; see :meth:`stream`."""
        events = self.stream(
            question, images=images, audio=audio, k=k, where=where, retrieval=retrieval
        )
        return next(event.answer for event in events if isinstance(event, DoneEvent))

    def ask_batch(
        self,
        questions: Sequence[str],
        *,
        k: int = 8,
        where: Filter | None = None,
        retrieval: bool = True,
    ) -> Answers:
        """What :meth:`ask` answers to each question in words, in order, at less cost.

        The language model writes several answers side by side; where two words are equally likely,
        it may so choose the other one.

        Args:
            questions: Words; none may be empty.
            k: How many segments are retrieved for each.
            where: Only segments that it lets through.
            retrieval: False answers without the index.

        Raises:
            UsageError: A question is empty or too long.
            GenerationError: The language model failed at one of them.
        """
        asked = [read_question(self._reader, question, [], None) for question in questions]
        found: Answers = []
        for first in range(0, len(asked), ASKED_AT_ONCE):
            some = asked[first : first + ASKED_AT_ONCE]
            found += self._answering().ask_many(some, k=k, where=where, retrieval=retrieval)
        return found

    def stream(
        self,
        question: str = "",
        *,
        images: Sequence[Attachment] = (),
        audio: Attachment | None = None,
        k: int = 8,
        where: Filter | None = None,
        retrieval: bool = True,
        cancelled: Cancelled | None = None,
    ) -> Iterator[AnswerEvent]:
        """Answer step by step: what was found, the words as they come, citations, the whole.

        Args:
            question: What is asked; may be empty when something is attached.
            images: Pictures to ask about; they count as evidence.
            audio: A recording: the question itself when there are no words, else evidence.
            k: How many segments are retrieved.
            where: Only segments that it lets through.
            retrieval: False answers from the attachments alone.
            cancelled: Asked at every token; true ends the answer there.

        Raises:
            UsageError: The question is empty or too long.
            MediaError: An attachment cannot be read.
            GenerationError: The language model failed.
        """
        asked = read_question(self._reader, question, images, audio)
        return self._answering().stream(
            asked, k=k, where=where, retrieval=retrieval, cancelled=cancelled
        )

    def transcript(self, target: str | Path) -> FileTranscript:
        """What is said in a recording or video: as the index has it, else as it is heard now.

        Write it down with :func:`mmqa.format_transcript`.

        Args:
            target: Path or id of a file in the index, or path of any other file.

        Raises:
            UsageError: It names no file or several, or one in which nothing can be said.
            MediaError: A file that is not in the index cannot be read.
        """
        from mmqa.transcripts import of_file, of_index

        try:
            items = named_items(self._store, [target])
        except UsageError:
            if not Path(target).expanduser().is_file():
                raise
            path = Path(target).expanduser()
            return of_file(path, self._reader, lambda: self._parts.transcriber)
        if len(items) > 1:
            raise UsageError(f"{str(target)!r} names {len(items)} files", "Name one of them.")
        return of_index(items[0], self._store.item_segments(items[0].path))

    @staticmethod
    def transcribe(path: str | Path, *, config: Config | None = None) -> FileTranscript:
        """What is said in a recording or video, without any index; see :meth:`transcript`.

        Raises:
            UsageError: It is neither, or has no sound.
            MediaError: It cannot be read.
        """
        from mmqa.transcripts import of_file

        settings = config or configuration.load()
        parts = Parts(settings)
        try:
            found = Path(path).expanduser()
            return of_file(found, FileReader.within(settings), lambda: parts.transcriber)
        finally:
            parts.release()

    def key_frames(self, path: str | Path) -> tuple[KeyFrame, ...]:
        """What a video of the index shows, shot by shot; none of another file."""
        segments = self._store.item_segments(Path(path))
        shown = {s.frame_s: s.sha256 for s in segments if s.frame_s is not None}
        return tuple(
            KeyFrame(frame_s, thumbnail_path(self._store.folder, sha256, frame_s))
            for frame_s, sha256 in sorted(shown.items())
        )

    def items(self) -> tuple[MediaItem, ...]:
        """Every file in the index, sorted by path."""
        return tuple(sorted(self._store.items(), key=lambda item: os.fsencode(item.path)))

    def tags(self) -> tuple[str, ...]:
        """Every tag that a file in the index carries, sorted."""
        return tuple(self._store.tags())

    def period_s(self) -> tuple[float, float] | None:
        """When the oldest and the newest file were taken, seconds since the epoch."""
        return self._store.period_s()

    def status(self) -> Status:
        """What the index holds; see :class:`mmqa.records.Status`."""
        return status(self._store)

    def as_retriever(self, k: int = 5, where: Filter | None = None) -> MmqaRetriever:
        """A LangChain retriever over :meth:`search`.

        Args:
            k: How many documents, from 1.
            where: Only segments that fit.
        """
        from mmqa.langchain_documents import retrieved_document
        from mmqa.retrieval.langchain import MmqaRetriever

        documents = self._documents()
        return MmqaRetriever(
            search=lambda question, n, only: self.search(question, k=n, where=only),
            describe=lambda hits: [retrieved_document(h) for h in documents.described_hits(hits)],
            k=k,
            where=where,
        )

    def as_vectorstore(self) -> MmqaVectorStore:
        """A LangChain vector store over this index: its segments, and documents beside them.

        Documents that are added through it are found by :meth:`search` and :meth:`ask` too.
        """
        from mmqa.langchain_documents import EncoderEmbeddings
        from mmqa.vectorstore import MmqaVectorStore

        return MmqaVectorStore.over(
            self._documents(),
            EncoderEmbeddings(lambda: self._parts.text_encoder),
            lambda question, k, where: self.search(question, k=k, where=where),
        )

    def sentiment(
        self,
        targets: str | Path | Iterable[str | Path] | None = None,
        *,
        words: str = "",
        language_model: bool = False,
    ) -> Sentiments:
        """How files of the index feel, segment by segment; see :mod:`mmqa.applications.sentiment`.

        Args:
            targets: Paths, folders, globs or ids as for :meth:`remove`; ``None`` means all files.
            words: Read beside each of them, e.g. the caption of a picture.
            language_model: Whether it is asked too; that takes a moment a segment.

        Raises:
            UsageError: A target names nothing in the index.
            ConfigError: The setting ``sentiment`` names no head that fits the models.
        """
        items = self.items() if targets is None else named_items(self._store, _several(targets))
        feeling = self._feeling(language_model)
        return feeling.of_items(self._store, items, words)

    @staticmethod
    def feel(
        paths: str | Path | Iterable[str | Path] = (),
        *,
        words: str = "",
        language_model: bool = False,
        config: Config | None = None,
    ) -> Sentiments:
        """How files, or just some words, feel, without any index; see :meth:`sentiment`.

        The files are taken into an index of their own, which is thrown away afterwards.

        Args:
            paths: Files; one that is refused becomes a note.
            words: Read beside each of them; without files, what is judged.
            language_model: Whether it is asked too.
            config: Settings; ``None`` loads them.

        Raises:
            UsageError: There are neither files nor words.
        """
        several, settings = _several(paths), config or configuration.load()
        if not several and not words.strip():
            raise UsageError("there is nothing to judge", "Name a file, or give some words.")
        with (
            tempfile.TemporaryDirectory(prefix="mmqa-") as folder,
            Library.open(Path(folder) / "index", config=settings) as library,
        ):
            if not several:
                return library._feeling(language_model).of_words(words)
            report = library.add(several)
            found = library.sentiment(words=words, language_model=language_model)
            refused = (f"{path}: {reason}" for path, reason in report.failed)
            return replace(found, notes=(*found.notes, *refused))

    def warm_up(self) -> None:
        """Load the models that answer, so that the first question does not wait for them."""
        self._answering().warm_up()

    # ------------------------------------------------------------------ composing

    def _search(self, question: Question, k: int, where: Filter | None = None) -> SearchResult:
        asked = self._asking().encoded(question)
        with self._store.snapshot() as view:
            parts = question_parts(asked, self._parts.mapping, self._calibrations.current())
            found = search(
                view,
                self._parts.fuser,
                parts,
                question.text,
                k=k,
                where=where,
                lexical_weight=self._parts.config.lexical_weight,
                also=understood(question.text, self._parts.languages).words,
                aside=self._aside,  # FAISS searches while SQLite looks up the words
            )
        return self._result(question.text, asked, found)

    def _search_many(self, texts: Sequence[str], k: int, where: Filter | None) -> SearchResults:
        languages, calibration = self._parts.languages, self._calibrations.current()
        encoded = self._asking().encoded_many(texts)
        asked = [
            Asked(
                question_parts(one, self._parts.mapping, calibration),
                text,
                understood(text, languages).words,
            )
            for text, one in zip(texts, encoded, strict=True)
        ]
        with self._store.snapshot() as view:
            found = search_many(
                view,
                self._parts.fuser,
                asked,
                k=k,
                where=where,
                lexical_weight=self._parts.config.lexical_weight,
            )
        return [
            self._result(text, one, rows)
            for text, one, rows in zip(texts, encoded, found, strict=True)
        ]

    def _asking(self) -> Asking:
        parts = self._parts
        return Asking(
            text_encoder=lambda: parts.text_encoder,
            image_encoder=lambda: parts.image_encoder,
            mapping=parts.mapping,
            router=lambda: parts.router,
            prompts=lambda: parts.query_prompts,
            said=named,
            trust=parts.config.router_trust,
            languages=parts.languages,
        )

    def _result(self, text: str, asked: Encoded, found: Sequence[Found]) -> SearchResult:
        vectors = bool(asked.words) or len(asked.pictures) > 0
        weighing = asked.weighing
        weights = {str(m): weight for m, weight in weighing.weights.items()} if vectors else {}
        even = evener(asked)
        hits = tuple(self._hit(rank, row, even) for rank, row in enumerate(found, start=1))
        return SearchResult(text, weights, hits, weighing.by)

    def _hit(self, rank: int, found: Found, even: Mapping[str, float]) -> Hit:
        return Hit(
            rank=rank,
            segment=found.segment,
            score=found.score,
            contributions=found.contributions,
            thumbnail_path=thumbnail_path(
                self._store.folder, found.segment.sha256, found.segment.frame_s
            ),
            even_score=sum(even.get(m, 1.0) * v for m, v in found.contributions.items())
            if even
            else None,
        )

    def _documents(self) -> Documents:
        from mmqa.document_spaces import shared_space
        from mmqa.documents import Documents

        mapping = self._parts.mapping
        space = shared_space(mapping, self._calibrations.current)
        width = mapping.bank.shape[1]
        return Documents(self._store, self._kept_writer, self._parts.fuser, width, space)

    def _writer(self) -> IndexStore:
        self._kept_writer.release()
        return self._open_writer()

    def _open_writer(self) -> IndexStore:
        return IndexStore.open(
            self._store.folder,
            self._store.identity,
            self._parts.fuser,
            writable=True,
            plan=self._store.plan,
        )

    def _stages(self) -> Stages:
        from mmqa.preparing import Stages

        parts = self._parts
        return Stages(
            reader=self._reader,
            extractors=self._extractors(),
            fingerprints=parts.extractor_fingerprints(),
            text_encoder=lambda: parts.text_encoder,
            mapping=parts.mapping,
            prompt_words=parts.prompt_words,
            describing=self._describing() if parts.config.captions else None,
        )

    def _feeling(self, language_model: bool) -> Feeling:
        from mmqa.feeling import Feeling, fitted_to, open_head

        parts = self._parts
        width = parts.mapping.bank.shape[1]
        return Feeling(
            reader=self._reader,
            text_encoder=lambda: parts.text_encoder,
            head=open_head(parts.config.sentiment, fitted_to(parts.fingerprints()), width),
            model=(lambda: parts.language_model) if language_model else None,
            templates=parts.templates,
            answers_in=parts.answers_in,
        )

    def _describing(self) -> Describing:
        """Pictures are described by the language model, under its own name."""
        from mmqa.describing import Describing
        from mmqa.looking import PictureDescriber

        parts = self._parts
        templates = parts.templates("en")
        prompt = [str(templates.table(name)) for name in ("description", "pictures")]
        told = " ".join([parts.language_model_fingerprint(), *prompt])
        fingerprint = hashlib.sha256(told.encode()).hexdigest()[:16]
        describer = PictureDescriber(lambda: parts.language_model, templates)
        return Describing(lambda: describer, fingerprint)

    def _answering(self) -> Assistant:
        from mmqa.assistant import Assistant

        with self._lock:
            if self._assistant is None:
                self._assistant = Assistant(
                    self._search,
                    lambda: self._parts.language_model,
                    lambda: self._parts.text_encoder,
                    self._describe,
                    self._parts.config,
                    understand=lambda text: understood(text, self._parts.languages),
                    templates=self._parts.templates,
                    open_picture=self._picture_of,
                    writes_in=self._parts.answers_in,
                    names=self._parts.names_by_sight,
                )
            return self._assistant

    def _picture_of(self, segment: Segment) -> Picture:
        """The pixels of a picture, of a page or of the frame of a video that is in the index.

        Raises:
            MediaError: The file cannot be read any more.
        """
        if segment.frame_s is not None:
            return self._reader.frame(segment.path, segment.frame_s)
        for part in self._reader.read(segment.path).parts:
            if isinstance(part, Picture) and part.page == segment.page:
                return part
        raise MediaError(segment.path, "it holds no picture any more")

    def _describe(self, question: Question) -> Sequence[Segment]:
        parts = self._parts
        segmenter = Segmenter(lambda: parts.text_encoder, parts.mapping, parts.prompt_words)
        return describe(question, self._extractors(), segmenter)

    def _extractors(self) -> Extractors:
        parts = self._parts
        return Extractors(
            image_encoder=lambda: parts.image_encoder,
            text_recognizer=(lambda: parts.text_recognizer) if parts.config.ocr else None,
            transcriber=lambda: parts.transcriber,
        )


def _identity(parts: Parts) -> IndexIdentity:
    """What an index of this configuration is made with."""
    fuser = parts.fuser
    return IndexIdentity(parts.preset.space, dict(parts.fingerprints()), fuser.name, fuser.width)


def _plan(config: Config) -> IndexPlan:
    return IndexPlan(config.index_type, config.recall_target, config.index_device)


def _several(given: str | Path | Iterable[str | Path]) -> list[str | Path]:
    """One or several, as a list."""
    return [given] if isinstance(given, str | Path) else list(given)


def _sources(given: str | Path | Source | Iterable[str | Path | Source]) -> list[Source]:
    several = [given] if isinstance(given, str | Path | Source) else given
    return [one if isinstance(one, Source) else Source(Path(one)) for one in several]
