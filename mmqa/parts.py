"""The models and methods of one configuration, each loaded once, when first asked for.

Knows: which preset and cache the configuration names, and that ``registry`` builds the parts.
Refuses to know: what any part does, and which flow uses it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from mmqa import registry
from mmqa.config import Config
from mmqa.errors import ConfigError
from mmqa.interfaces import (
    CrossModalMapping,
    Fuser,
    ImageEncoder,
    PromptWords,
    QueryPrompt,
    Router,
    TextEncoder,
    TextRecognizer,
    Transcriber,
    VisionLanguageModel,
)
from mmqa.models.cache import cache_folder, role_fingerprint, role_folder
from mmqa.models.preset import load_preset
from mmqa.prompts.template import Templates
from mmqa.vlm.identity import identity
from mmqa.vlm.loaded import Handle, shared
from mmqa.vlm.options import LoadOptions


class Parts:
    """Lazy, thread-safe owner of the loaded models; one copy a process and configuration.

    Args:
        config: Names the preset, the cache folder, the number of threads and the fusion.

    Raises:
        ConfigError: The preset is unknown.
    """

    def __init__(self, config: Config) -> None:
        # Read by the OpenMP of torch and FAISS when they are first imported. Waiting threads must
        # not spin: beside other work, answers took three to eight times as long.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        self.config = config
        self.preset = load_preset(config.preset)
        self.cache = cache_folder(config.cache)
        self._loaded: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._language_model_in_use: Handle[VisionLanguageModel] | None = None

    def fingerprints(self) -> Mapping[str, str]:
        """Role → digest of its model files, for the roles that shape an index. Loads nothing.

        Raises:
            ModelMissingError: The preset has not been pulled.
        """
        digests = self._encoders()
        fusion = {"fuser": self.fuser.fingerprint} if self.fuser.fingerprint else {}
        return {**digests, "mapping": self.mapping.fingerprint, **fusion}

    def extractor_fingerprints(self) -> Mapping[str, str]:
        """Role → what an extractor would be, for the roles that read content. Loads nothing."""
        digests = {
            role: role_fingerprint(self.config.preset, role, self.cache)
            for role in ("image_encoder", "text_recognizer", "transcriber")
        }
        if not self.config.ocr:
            del digests["text_recognizer"]
        return {**digests, "transcriber": f"{digests['transcriber']}:{self.config.language}"}

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes of what the text encoder understands; empty means any."""
        return self.preset.role("text_encoder").languages

    @property
    def image_encoder(self) -> ImageEncoder:
        """Pictures → features."""
        return cast(ImageEncoder, self._model("image_encoder"))

    @property
    def text_encoder(self) -> TextEncoder:
        """Texts → unit vectors."""
        return cast(TextEncoder, self._model("text_encoder"))

    @property
    def transcriber(self) -> Transcriber:
        """Recordings → words with times."""
        return cast(Transcriber, self._model("transcriber", language=self.config.language))

    @property
    def text_recognizer(self) -> TextRecognizer:
        """Pictures → the text in them."""
        return cast(TextRecognizer, self._model("text_recognizer"))

    @property
    def language_model(self) -> VisionLanguageModel:
        """Messages and pictures → words: the preset's own, or what the setting ``vlm`` names.

        Raises:
            ConfigError: The setting names nothing that there is.
            ModelError: It cannot be loaded.
        """
        with self._lock:
            if self._language_model_in_use is None:
                self._language_model_in_use = self._language_model()
            return self._language_model_in_use.model

    def language_model_fingerprint(self) -> str:
        """What the language model would be; see :func:`mmqa.vlm.identity.identity`. Loads nothing.

        Raises:
            ConfigError: The setting ``vlm`` names nothing that there is.
            ModelMissingError: The preset's has not been pulled.
        """
        loader, connector = self._language_model_loader()
        config = self.config
        served = loader == "served"
        files = "" if served else role_fingerprint(config.preset, "language_model", self.cache)
        return identity(loader, files, LoadOptions.of(config, connector=connector))

    @property
    def answers_in(self) -> tuple[str, ...]:
        """ISO 639-1 codes of what the language model writes; empty means any."""
        own = self.config.vlm != "served"
        return self.preset.role("language_model").languages if own else ()

    @property
    def names_by_sight(self) -> bool:
        """Whether the language model is to name what pictures show.

        The embedded one names worse than the prompt words do; it knows colours, shapes, places.
        """
        return self._language_model_loader()[0] != "mini"

    def templates(self, language: str) -> Templates:
        """Prompt templates, the user's own before those of the package."""
        made = self._once(
            f"templates {language}", lambda: Templates(language, own=self.config.prompts)
        )
        return cast(Templates, made)

    def _language_model(self) -> Handle[VisionLanguageModel]:
        loader, connector = self._language_model_loader()
        options = LoadOptions.of(
            self.config,
            image_encoder=lambda: self.image_encoder,
            image_encoder_fingerprint=self._encoders()["image_encoder"],
            connector=connector,
        )
        served = loader == "served"
        folder = Path() if served else self._folder("language_model")
        factory = registry.load("language_model", loader)
        threads = self.config.thread_count
        key = (loader, folder, replace(options, image_encoder=None), threads)
        return shared(key, lambda: factory(folder, threads=threads, options=options))

    def release(self) -> None:
        """Give up the language model; the last of those that share it frees it."""
        with self._lock:
            if self._language_model_in_use is not None:
                self._language_model_in_use.close()
                self._language_model_in_use = None

    def _language_model_loader(self) -> tuple[str, Path | None]:
        """Name of the loader, and the folder of a connector that the user trained."""
        wanted = self.config.vlm
        if wanted in ("", "served"):
            return wanted or self.preset.role("language_model").loader, None
        if wanted == "text":
            return "transformers-text", None
        folder = Path(wanted).expanduser()
        if not folder.is_dir():
            raise ConfigError(
                f"vlm is {wanted!r}, which is no folder",
                "Name a folder that `mmqa train connector` wrote, or: text, served.",
            )
        return "mini", folder

    def _folder(self, role: str) -> Path:
        return role_folder(self.config.preset, role, self.cache)

    @property
    def mapping(self) -> CrossModalMapping:
        """Image features → the text-embedding space: what ships, or what a user trained."""
        if not self.config.mapping:
            return cast(CrossModalMapping, self._shipped("mapping", self.preset.parts["mapping"]))
        return cast(CrossModalMapping, self._named("mapping", self.config.mapping))

    @property
    def prompt_words(self) -> PromptWords:
        """Vectors → the words they lie near; ships inside the package."""
        name = self.preset.parts["prompt_words"]
        made = self._once("prompt_words", lambda: registry.load("prompt_words", name)(self.mapping))
        return cast(PromptWords, made)

    @property
    def fuser(self) -> Fuser:
        """Vectors per modality → one vector: one that ships, or what a user trained."""
        return cast(Fuser, self._named("fuser", self.config.fusion))

    @property
    def router(self) -> Router:
        """A question → how much to look, read and listen.

        Raises:
            ConfigError: It was fitted to another text encoder than the preset's.
        """
        router = cast(Router, self._named("router", self.config.router))
        fitted_to = getattr(router, "encoder", "")
        if fitted_to and fitted_to != self.text_encoder.fingerprint:
            raise ConfigError(
                f"the router {self.config.router!r} was fitted to another text encoder than that of"
                f" {self.config.preset!r}",
                "Train one with `mmqa train router`, or set router = uniform.",
            )
        return router

    @property
    def query_prompts(self) -> tuple[QueryPrompt, ...]:
        """What finds further wordings of a question, in the order of the configuration."""
        return cast(tuple[QueryPrompt, ...], self._once("query_prompts", self._query_prompts))

    def _query_prompts(self) -> tuple[QueryPrompt, ...]:
        names = [name.strip() for name in self.config.query_prompts.split(",")]
        return tuple(registry.load("query_prompt", name)(self) for name in names if name)

    def _model(self, role: str, **options: Any) -> Any:
        return self._once(role, lambda: self._build(role, **options))

    def _once(self, role: str, make: Callable[[], Any]) -> Any:
        """What was made when it was first asked for."""
        with self._lock:
            if role not in self._loaded:
                self._loaded[role] = make()
            return self._loaded[role]

    def _build(self, role: str, **options: Any) -> Any:
        found = self.preset.role(role)
        factory = registry.load(found.kind, found.loader)
        return factory(self._folder(role), threads=self.config.thread_count, **options)

    def _named(self, role: str, name: str) -> Any:
        """What goes by a name, or lies in a folder."""
        return self._once(role, lambda: self._opened(role, name))

    def _opened(self, role: str, name: str) -> Any:
        known = [one for one in registry.names(role) if one != "folder"]
        if name in known:
            return registry.load(role, name)()
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise ConfigError(
                f"no {role} is called {name!r}, and it is no folder",
                f"Name the folder of a trained one, or: {', '.join(known)}.",
            )
        return self._from_folder(role, folder)

    def _from_folder(self, role: str, folder: Path) -> Any:
        """What a user trained; mapping and fuser are refused with other encoders than theirs."""
        factory = registry.load(role, "folder")
        if role == "router":  # asked for the text encoder's fingerprint above
            return factory(folder)
        if role == "fuser":  # names its encoders as an index does
            return factory(folder, encoders=self._encoders())
        loaded = {
            "image_encoder": self.image_encoder.fingerprint,
            "text_encoder": self.text_encoder.fingerprint,
        }
        return factory(folder, encoders=loaded)

    def _encoders(self) -> dict[str, str]:
        """Role → digest of its model files, for the roles that make vectors. Loads nothing."""
        roles = ("image_encoder", "text_encoder")
        return {role: role_fingerprint(self.config.preset, role, self.cache) for role in roles}

    def _shipped(self, role: str, name: str) -> Any:
        return self._once(role, lambda: registry.load(role, name)())
