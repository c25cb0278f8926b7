"""Training of a connector on a toy: colours as features, and a small random language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from mmqa.prompts.looking import PictureWords, messages, template_for
from mmqa.prompts.template import Templates
from mmqa.records import Chunk, Picture
from mmqa.training.connector import ConnectorSettings, ConnectorTask, Seeing, warm_start
from mmqa.training.connector_prompts import Row, Rows, batch
from mmqa.training.loop import Settings, train
from mmqa.training.visual_data import VisualData
from mmqa.training.visual_examples import Asked, Example
from mmqa.training.visual_features import Seen
from mmqa.vlm.mini.connector import ConnectorShape
from mmqa.vlm.mini.layout import VISUAL, Layout

from ..vlm.mini.small_chat import WIDTH, llama, tokenizer

TOKENIZER = tokenizer()
SHAPE = ConnectorShape(features=6, width=WIDTH, hidden=32, side=2)
COLOURS = ("red", "green", "blue")
SETTINGS = ConnectorSettings(side=2, hidden=32, rank=4, asked=2, warm_steps=60, warm_batch=16)
QUICK = Settings(epochs=3, batch=12, learning_rate=1e-2, patience=9, device="cpu")


def drawn() -> Picture:
    raise AssertionError("what was seen is kept")


def asked_of(colour: str) -> tuple[Asked, ...]:
    return (
        Asked("What colour is it?", colour, "colour"),
        Asked("Is it red?", "yes" if colour == "red" else "no", "yes-no"),
        Asked("Is it blue?", "yes" if colour == "blue" else "no", "yes-no"),
    )


def toy(count: int, seed: int) -> tuple[tuple[Example, ...], Seen]:
    """Pictures whose every cell holds their colour, amid noise."""
    made = np.random.default_rng(seed)
    kinds = [n % 3 for n in range(count)]
    grids = made.normal(0, 0.3, (count, 4, SHAPE.features))
    for number, kind in enumerate(kinds):
        grids[number, :, kind] += 2
    examples = [
        Example(f"{seed}/{n}", "toy", (drawn,), asked_of(COLOURS[kind]))
        for n, kind in enumerate(kinds)
    ]
    words = tuple(("thing", "sign") for _ in kinds)
    return tuple(examples), Seen(grids.astype(np.float16), words, tuple(range(count)))


@pytest.fixture(scope="module")
def data() -> VisualData:
    return VisualData(*toy(360, 1), *toy(30, 2))


def seeing(seed: int = 3, rank: int = 4) -> Seeing:
    torch.manual_seed(seed)
    return Seeing(llama(), SHAPE, rank)


def alive(module: Seeing) -> Seeing:
    """With adapters that change something, as after some steps."""
    made = torch.Generator().manual_seed(7)
    for parameter in module.adapters:
        parameter.data.copy_(torch.randn(parameter.shape, generator=made) * 0.1)
    return module.eval()


def rows_of(kind: type[Rows] = Rows) -> Rows:
    return kind(TOKENIZER, Layout(TOKENIZER, SHAPE.tokens), Templates("en"))


def task(module: Seeing, data: VisualData, rows: Rows | None = None, **given: Any) -> ConnectorTask:
    settings = replace(SETTINGS, **given)
    return ConnectorTask(module, rows or rows_of(), data, settings, epochs=3, seed=0)


# ------------------------------------------------------------------------------ the module


def alone(module: Seeing, about: PictureWords, one: Asked, grid: Any) -> torch.Tensor:
    """Logits of an answer's tokens from its prompt by itself, the way a model is asked."""
    told = messages(Templates("en"), template_for(one.question, 1), [about], one.question)
    prompt = Layout(TOKENIZER, SHAPE.tokens).ids(told, 1)
    answer = TOKENIZER(one.answer, add_special_tokens=False)["input_ids"]
    ids = torch.tensor([[*prompt, *answer]])
    embeddings = module.model.get_input_embeddings()(ids.clamp(min=0))
    embeddings[ids == VISUAL] = module.connector(torch.from_numpy(grid).float()[None])[0]
    logits: torch.Tensor = module.model(inputs_embeds=embeddings).logits[0]
    return logits[len(prompt) - 1 :]


def test_in_a_shared_row_each_answer_gets_the_logits_of_its_prompt_alone() -> None:
    module, (examples, seen) = alive(seeing()), toy(3, 1)
    laid = rows_of()
    # rows of unlike length: padding must not matter either
    asked = [e.asked[: n + 1] for n, e in enumerate(examples)]
    packed = [
        laid.row(e, [seen.words[n]], one)
        for n, (e, one) in enumerate(zip(examples, asked, strict=True))
    ]
    assert len({len(row.ids) for row in packed}) == 3
    with torch.inference_mode():
        together = module.logits(batch(packed), torch.from_numpy(seen.grids))
        apart = [
            alone(module, PictureWords(seen.words[n]), one, seen.grids[n])
            for n, ones in enumerate(asked)
            for one in ones
        ]
    assert torch.allclose(together, torch.cat(apart), atol=1e-4)
    assert together.std() > 0.1


def test_two_pictures_of_a_row_stand_each_in_its_place() -> None:
    module, (_, seen) = alive(seeing()), toy(2, 1)
    both = Asked("Are both red?", "no", "compare")
    pair = Example("pair", "toy", (drawn, drawn), (both,))
    row = batch([rows_of().row(pair, [(), ()], [both])])
    grids = torch.from_numpy(seen.grids)
    with torch.inference_mode():
        found, swapped = module.logits(row, grids), module.logits(row, grids.flip(0))
        ids = torch.from_numpy(row.ids)
        embeddings = module.model.get_input_embeddings()(ids.clamp(min=0))
        places = (ids[0] == VISUAL).nonzero()[:, 0]
        first, second = module.connector(grids.float())
        embeddings[0, places[: SHAPE.tokens]] = first
        embeddings[0, places[SHAPE.tokens :]] = second
        logits = module.model(inputs_embeds=embeddings).logits[0]
    assert torch.allclose(found, logits[torch.from_numpy(row.answer[0])], atol=1e-4)
    assert (found - swapped).abs().max() > 1e-2


def test_untrained_adapters_leave_the_language_model_as_it_is() -> None:
    prompt = torch.arange(3, 15)[None]
    with torch.inference_mode():
        assert torch.equal(seeing().model(input_ids=prompt).logits, llama()(prompt).logits)


def test_only_connector_and_adapters_are_trained_and_kept(data: VisualData) -> None:
    module = seeing()
    kept = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    assert {name.split(".")[0] for name in kept} == {"connector", "adapters"}
    frozen = {n: p for n, p in module.model.named_parameters() if "lora_" not in n}
    assert sum(p.numel() for p in module.parameters()) == sum(t.numel() for t in kept.values())
    # 4 numbers a row and column of 7 layers, twice
    sides = 2 * (64 + 64) + 2 * (64 + 32) + 3 * (64 + 128)
    assert sum(p.numel() for p in module.adapters) == 2 * 4 * sides
    before = {name: p.clone() for name, p in frozen.items()}
    train(task(module, data), replace(QUICK, epochs=1), data="toy")
    assert all(torch.equal(p, before[name]) for name, p in frozen.items())
    assert not any(p.requires_grad for p in frozen.values())
    trained = module.state_dict()
    assert [n for n, t in kept.items() if torch.equal(t, trained[n])] == []


def test_adapters_go_by_the_names_of_peft() -> None:
    names = seeing().adapter_tensors()
    assert len(names) == 2 * 7 * 2
    assert "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight" in names


def test_it_follows_a_move_to_another_number_type() -> None:
    module = seeing().double()
    assert {p.dtype for p in module.model.parameters()} == {torch.float64}
    assert module.connector.scale.dtype == torch.float64


def test_visual_tokens_begin_as_loud_as_words() -> None:
    words = llama().get_input_embeddings().weight
    assert torch.allclose(seeing().connector.scale, words.pow(2).mean().sqrt())


# -------------------------------------------------------------------------- the warm start


def nearest(module: Seeing, seen: Seen) -> list[str]:
    """The colour that a picture's visual tokens point at most."""
    ids = [TOKENIZER.convert_tokens_to_ids(colour) for colour in COLOURS]
    words = module.model.get_input_embeddings().weight[ids]
    with torch.inference_mode():
        tokens = module.connector(torch.from_numpy(seen.grids).float())
        near = torch.logsumexp(2 * tokens @ words.T, 1)
    return [COLOURS[int(n)] for n in near.argmax(1)]


def test_warmed_up_pictures_that_were_never_seen_point_at_their_words(data: VisualData) -> None:
    right = [e.asked[0].answer for e in data.development]
    module = seeing()
    before = np.mean(
        [a == b for a, b in zip(nearest(module, data.development_seen), right, strict=True)]
    )
    told: list[Chunk] = []
    warm_start(module, TOKENIZER, data, SETTINGS, seed=0, progress=told.append)
    assert before < 0.7
    assert nearest(module, data.development_seen) == right
    assert told[-1] == Chunk("warm start", 60, 60, "steps")


def test_the_warm_start_follows_from_its_seed_and_leaves_the_adapters_alone(
    data: VisualData,
) -> None:
    def warmed(seed: int) -> dict[str, torch.Tensor]:
        module = seeing()
        warm_start(module, TOKENIZER, data, replace(SETTINGS, warm_steps=5), seed=seed)
        return module.state_dict()

    first, again, other = warmed(1), warmed(1), warmed(2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["connector.cells.0.weight"], other["connector.cells.0.weight"])
    plain = seeing().state_dict()
    assert all(torch.equal(first[n], plain[n]) for n in plain if n.startswith("adapters"))


def test_no_warm_start_changes_nothing(data: VisualData) -> None:
    module = seeing()
    warm_start(module, TOKENIZER, data, replace(SETTINGS, warm_steps=0), seed=0)
    plain = seeing().state_dict()
    assert all(torch.equal(t, plain[name]) for name, t in module.state_dict().items())


# ---------------------------------------------------------------------------- the training


@pytest.fixture(scope="module")
def trained(data: VisualData) -> tuple[Seeing, float, float]:
    module = seeing()
    warm_start(module, TOKENIZER, data, SETTINGS, seed=0)
    outcome = train(task(module, data), QUICK, data="toy")
    return module, outcome.start.metric, outcome.best.metric


def test_it_learns_to_answer_about_pictures_that_it_never_saw(
    trained: tuple[Seeing, float, float],
) -> None:
    _, before, after = trained
    assert before < 0.5
    assert after > 0.95


def test_shown_the_wrong_pictures_it_gives_their_answers(
    trained: tuple[Seeing, float, float], data: VisualData
) -> None:
    """It looks: words and questions are the same, only the picture is another."""
    seen = data.development_seen
    wrong = replace(data, development_seen=replace(seen, grids=np.roll(seen.grids, 1, axis=0)))
    with torch.no_grad():
        fooled = task(trained[0], wrong).validate()
    # of 3 colours no colour is right any more; two in three of "is it red?" are
    assert fooled == pytest.approx(np.mean(_rolled(data)), abs=0.05)


def _rolled(data: VisualData) -> list[bool]:
    """Whether the answer to a question stays right when the neighbour's is given."""
    asked = [e.asked[: SETTINGS.asked] for e in data.development]
    return [
        one.answer == other.answer
        for mine, others in zip(asked, [asked[-1], *asked[:-1]], strict=True)
        for one, other in zip(mine, others, strict=True)
    ]


def test_what_is_saved_and_merged_answers_as_what_was_trained(
    trained: tuple[Seeing, float, float], tmp_path: Any
) -> None:
    from mmqa.vlm.mini import adapters

    module = trained[0]
    adapters.save(module.adapter_tensors(), module.lora_scale, tmp_path)
    merged = llama()
    adapters.read(tmp_path).merge(merged)
    prompt = torch.arange(3, 15)[None]
    with torch.inference_mode():
        ours, theirs = merged(prompt).logits, module.model(input_ids=prompt).logits
    assert torch.allclose(ours, theirs, atol=0.1)
    assert (ours - llama()(prompt).logits).abs().max() > 1


# ------------------------------------------------------------------------- what is drawn


class Noting(Rows):
    """Rows that remember what they were asked for."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked: list[tuple[str, Sequence[Sequence[str]], tuple[str, ...]]] = []

    def row(self, example: Example, words: Sequence[Sequence[str]], asked: Sequence[Asked]) -> Row:
        self.asked.append((example.key, words, tuple(one.question for one in asked)))
        return super().row(example, words, asked)


def noted(data: VisualData, epoch: int, seed: int = 0, **given: Any) -> Noting:
    rows = rows_of(Noting)
    assert isinstance(rows, Noting)
    settings = replace(SETTINGS, **given)
    made = ConnectorTask(seeing(), rows, data, settings, epochs=3, seed=seed)
    made.begin(epoch)
    with torch.no_grad():
        made.loss(np.arange(made.rows))
    return rows


def test_the_epochs_together_see_every_example_once(data: VisualData) -> None:
    keys = [key for epoch in (1, 2, 3) for key, _, _ in noted(data, epoch).asked]
    assert sorted(keys) == sorted(e.key for e in data.fitted)
    assert keys != [e.key for e in data.fitted]


def test_so_many_questions_are_drawn_of_each_example_and_not_always_the_same(
    data: VisualData,
) -> None:
    drawn = [asked for _, _, asked in noted(data, 1).asked]
    assert {len(set(asked)) for asked in drawn} == {2}
    assert {question for asked in drawn for question in asked} == {
        one.question for one in data.fitted[0].asked
    }


def test_what_is_drawn_follows_from_seed_and_epoch(data: VisualData) -> None:
    assert noted(data, 1).asked == noted(data, 1).asked
    assert noted(data, 1, seed=1).asked != noted(data, 1).asked


def test_a_share_of_examples_is_shown_without_prompt_words(data: VisualData) -> None:
    blind = [words == [()] for _, words, _ in noted(data, 1, words_left_out=0.3).asked]
    assert 0.1 < np.mean(blind) < 0.5
    assert all(words == [()] for _, words, _ in noted(data, 1, words_left_out=1.0).asked)


def test_what_is_measured_has_its_words_and_its_first_questions(data: VisualData) -> None:
    rows = rows_of(Noting)
    with torch.no_grad():
        share = task(seeing(), data, rows, words_left_out=1.0).validate()
    assert isinstance(rows, Noting)
    assert [key for key, _, _ in rows.asked] == [e.key for e in data.development]
    assert all(words == [("thing", "sign")] for _, words, _ in rows.asked)
    assert {asked for _, _, asked in rows.asked} == {("What colour is it?", "Is it red?")}
    assert 0 <= share <= 1
