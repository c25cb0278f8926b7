"""The towers and their loss, against NumPy and against numbers worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmqa.mapping.closed_form import hubness, normalize
from mmqa.mapping.learned import Learned, Method, residual
from mmqa.records import Floats, ImageFeatures
from mmqa.training.pair_table import Links, PairData
from mmqa.training.towers import Contrast, TowerInputs, Towers, TowerSettings

PLAIN = TowerSettings(hidden=5, dropout=0.0, temperature=0.5, hard_negatives=0, restraint=0.0)


class Base:
    """Banks that are easy to follow."""

    bank = np.eye(3, dtype=np.float32)
    picture_bank = np.eye(3, dtype=np.float32)

    def picture_hubness(self, vectors: Floats) -> Floats:
        return hubness(vectors, self.picture_bank)


def inputs(count: int = 6) -> TowerInputs:
    made = np.random.default_rng(0)
    based = normalize(made.normal(size=(count, 3))).astype(np.float32)
    mean = np.array([0.1, 0.2, 0.3], np.float32)
    return TowerInputs(made.normal(size=(count, 4)).astype(np.float32), based, mean, -mean)


def texts(count: int = 6) -> Floats:
    """No two of them near enough to mean the same."""
    return np.concatenate([np.eye(3), -np.eye(3)])[:count].astype(np.float32)


def towers(method: Method = "linear", settings: TowerSettings = PLAIN) -> Towers:
    return Towers(method, inputs(), texts(), settings, seed=0)


def data(**changes: object) -> PairData:
    """Six pictures, six texts, one another's; the first four are fitted to."""
    links = Links(
        np.arange(6),
        np.arange(6),
        np.ones(6, np.float32),
        ("fit", "fit", "fit", "fit", "validation", "validation"),
    )
    none = Links(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), ())
    found = PairData(
        pictures=ImageFeatures(np.zeros((6, 1), np.float32)),
        origin=np.arange(6),
        texts=tuple("abcdef"),
        vectors=texts(),
        seen=links,
        heard=none,
        refused=(),
        digest="",
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def contrast(found: PairData | None = None, settings: TowerSettings = PLAIN) -> Contrast:
    return Contrast(towers(settings=settings), found or data(), Base())  # type: ignore[arg-type]


def info_nce(scores: Floats) -> float:
    """Of scores that are divided by τ already, both ways, by NumPy."""
    rows = np.log(np.exp(scores).sum(axis=1)) - np.diag(scores)
    columns = np.log(np.exp(scores).sum(axis=0)) - np.diag(scores)
    return float((rows.mean() + columns.mean()) / 2)


@pytest.mark.parametrize("method", ["linear", "mlp"])
def test_they_start_as_the_shipped_mapping_exactly(method: Method) -> None:
    found = towers(method)
    every = torch.arange(6)
    np.testing.assert_allclose(found.pictures(every).detach(), inputs().based, atol=1e-6)
    np.testing.assert_allclose(found.asking(every).detach(), texts(), atol=1e-6)
    assert found.temperature == pytest.approx(0.5)


@pytest.mark.parametrize("method", ["linear", "mlp"])
def test_numpy_maps_as_torch_trained(method: Method) -> None:
    found = towers(method, replace(PLAIN, centring=0.5)).eval()
    with torch.no_grad():
        for parameter in found.image.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(3))
        found._turn.normal_(generator=torch.Generator().manual_seed(4))
    given = inputs()
    learned = Learned(
        method=method,
        base="",
        offset=np.zeros(0, np.float32),
        axes=np.zeros((0, 0), np.float32),
        residual=found.residual(),
        tower=found.tower.detach().numpy(),
        picture_mean=given.picture_mean,
        text_mean=given.text_mean,
        picture_bank=np.eye(3, dtype=np.float32),
        calibration={},
        centring=0.5,
    )
    unit = normalize(given.based + residual(learned, given.x, given.based))
    mapped = normalize(unit - 0.5 * given.picture_mean)
    torch_mapped = found.pictures(torch.arange(6)).detach()
    np.testing.assert_allclose(torch_mapped, mapped, atol=1e-5)
    centred = texts() - 0.5 * given.text_mean
    asked = normalize(centred + centred @ learned.tower)
    np.testing.assert_allclose(found.asking(torch.arange(6)).detach(), asked, atol=1e-5)
    back = normalize(mapped + mapped @ learned.tower.T)
    np.testing.assert_allclose(found.asking_words(torch_mapped).detach(), back, atol=1e-5)


def test_the_loss_is_info_nce_both_ways() -> None:
    batch = np.arange(4)
    scores = texts()[:4] @ inputs().based[:4].T / 0.5
    assert float(contrast().loss(batch).detach()) == pytest.approx(info_nce(scores), rel=1e-5)


def test_weights_weigh_pairs() -> None:
    links = data().seen
    once = contrast(data(seen=replace(links, weight=np.array([1, 0, 0, 0, 1, 1], np.float32))))
    scores = texts()[:4] @ inputs().based[:4].T / 0.5
    row = np.log(np.exp(scores[0]).sum()) - scores[0, 0]
    column = np.log(np.exp(scores[:, 0]).sum()) - scores[0, 0]
    assert float(once.loss(np.arange(4)).detach()) == pytest.approx((row + column) / 2, rel=1e-5)


def test_the_same_words_or_the_same_picture_are_no_negatives() -> None:
    links = data().seen
    # rows 0 and 1 have text 0; rows 2 and 3 are copies of one picture
    same_words = replace(links, right=np.array([0, 0, 2, 3, 4, 5]))
    found = contrast(data(seen=same_words, origin=np.array([0, 1, 2, 2, 4, 5])))
    scores = texts()[[0, 0, 2, 3]] @ inputs().based[:4].T / 0.5
    for left, right in ((0, 1), (1, 0), (2, 3), (3, 2)):
        scores[left, right] = -1e4
    assert float(found.loss(np.arange(4)).detach()) == pytest.approx(info_nce(scores), rel=1e-5)


def test_words_that_mean_nearly_the_same_are_no_negatives() -> None:
    near = texts()
    near[1] = normalize(np.array([[1, 0.3, 0]], np.float32))[0]  # cosine 0.958 to the first
    found = Contrast(Towers("linear", inputs(), near, PLAIN, 0), data(vectors=near), Base())  # type: ignore[arg-type]
    scores = near[:4] @ inputs().based[:4].T / 0.5
    scores[0, 1] = scores[1, 0] = -1e4
    assert float(found.loss(np.arange(4)).detach()) == pytest.approx(info_nce(scores), rel=1e-5)


def test_hard_negatives_of_the_whole_set_count_where_the_batch_has_them_not() -> None:
    found = contrast(settings=replace(PLAIN, hard_negatives=2))
    with torch.no_grad():
        found.begin(1)
    scores = texts()[:4] @ inputs().based[:4].T
    hidden = np.where(np.eye(4, dtype=bool), -np.inf, scores)
    loss = 0.0
    for row in (0, 1):  # a batch of the first two pairs
        other = 1 - row
        for mine in (hidden[row], hidden[:, row]):
            hard = [n for n in np.argsort(-mine)[:2] if n not in (0, 1)]
            logits = np.array([scores[row, row], mine[other], *mine[hard]]) / 0.5
            loss += float(np.log(np.exp(logits).sum()) - logits[0]) / 4
    assert float(found.loss(np.array([0, 1])).detach()) == pytest.approx(loss, rel=1e-5)


def test_mining_follows_from_the_weights_and_the_epoch_alone() -> None:
    first, second = (contrast(settings=replace(PLAIN, hard_negatives=2)) for _ in range(2))
    with torch.no_grad():
        first.begin(1)
        first.begin(3)
        second.begin(3)
    assert float(first.loss(np.array([0, 1]))) == float(second.loss(np.array([0, 1])))


def test_the_restraint_is_the_distance_from_the_shipped_vectors() -> None:
    free, held = contrast(), contrast(settings=replace(PLAIN, restraint=2.0))
    for one in (free, held):
        with torch.no_grad():
            one.module.image[-1].bias.copy_(torch.tensor([0.3, 0.0, 0.0]))  # type: ignore[index]
    moved = normalize(inputs().based[:4] + np.array([0.3, 0, 0], np.float32))
    far = float(((moved - inputs().based[:4]) ** 2).sum(axis=1).mean())
    every = np.arange(4)
    assert float(held.loss(every)) == pytest.approx(float(free.loss(every)) + 2 * far, rel=1e-5)


def test_what_was_heard_and_said_trains_the_text_tower() -> None:
    heard = Links(np.array([0, 1]), np.array([2, 3]), np.ones(2, np.float32), ("fit", "fit"))
    found = contrast(data(heard=heard), replace(PLAIN, speech=0.5))
    assert found.rows == 6
    scores = texts()[:2] @ texts()[2:4].T / 0.5
    assert float(found.loss(np.array([4, 5]))) == pytest.approx(0.5 * info_nce(scores), rel=1e-5)
    found.loss(np.array([4, 5])).backward()
    assert found.module._turn.grad is not None  # type: ignore[union-attr]
    assert found.module._turn.grad.abs().sum() > 0  # type: ignore[union-attr]
    assert float(found.loss(np.array([0, 4]))) == 0.0  # one alone has nothing to be told from


def test_the_text_tower_learns_at_its_own_pace() -> None:
    slow = towers(settings=replace(PLAIN, pace=0.25))
    with torch.no_grad():
        slow._turn.fill_(2.0)
    assert slow.tower.unique().tolist() == [0.5]


def test_the_temperature_learns_and_keeps_its_limits() -> None:
    found = contrast(data(origin=np.array([0, 1, 2, 2, 4, 5])))  # with something masked
    found.loss(np.arange(4)).backward()
    slope = found.module.log_scale.grad  # type: ignore[union-attr]
    assert slope is not None
    assert torch.isfinite(slope)  # type: ignore[arg-type]
    assert slope != 0
    with torch.no_grad():
        found.module.log_scale.fill_(99.0)  # type: ignore[operator]
    assert found.module.temperature == pytest.approx(0.01)


def test_a_fixed_text_tower_does_not_learn() -> None:
    found = contrast(settings=replace(PLAIN, text_tower=False))
    found.loss(np.arange(4)).backward()
    assert found.module._turn.grad is None  # type: ignore[union-attr]


def test_validation_scores_as_search_does() -> None:
    found = contrast()
    with torch.no_grad():
        metric = found.validate()
    pictures, words = inputs().based[4:], texts()[4:]
    there = words @ pictures.T - hubness(pictures, Base.bank)[None, :]
    back = pictures @ words.T - hubness(words, Base.picture_bank)[None, :]
    shares = [np.exp(10 * row) / np.exp(10 * row).sum() for side in (there, back) for row in side]
    right = [share[i % 2] for i, share in enumerate(shares)]
    assert metric == pytest.approx(np.exp(np.log(right).mean()), rel=1e-5)
