"""How good a target-independent generator is: FID and KID on D_pub, and a grid of samples; once for each."""

import torch
from torch import Tensor

from results.stores.store import Store
from search_spaces import AttackConfig, canonical_json, identity, seed_stream
from trainables.attacks.rows import render
from trainables.datasets.dataset import FaceData
from trainables.generators import Prior
from trainables.judging.image_quality import picture_features
from trainables.judging.judging import Judge, some_public
from trainables.judging.sheet import SheetLayout, contact_sheet
from trainables.metrics.fid_kid import frechet_distance, kernel_distance
from trainables.metrics.inception import NAME as INCEPTION
from trainables.metrics.inception import inception_hash, load_inception
from trainables.step import device, provenance, started

GRID = 8
"""Rows and columns of the grid."""

LEAST_SAMPLES, MOST_SAMPLES, PUBLIC_PER_SAMPLE = GRID * GRID, 1000, 4
"""Samples compared: one for each four public pictures, within these bounds. Judging a picture costs up to a
tenth of a second on a CPU; the public ones were judged anyway."""

BATCH = 64
"""Latents at once."""


def record_generator(config: AttackConfig, store: Store, data: FaceData, prior: Prior, judge: Judge) -> None:
    """Write the row and the grid of the generator of ``config``, unless the store has them.

    FID and KID compare samples of the prior, as T is shown them, with D_pub (at most 2,000 pictures) in the
    features of Inception where its weights are given, else in those of ``judge``, the headline one. Raises
    ``FileUnusable``.
    """
    known = config.prior_config.piece_id
    unit = f"{known}-{_features_id(config)}"
    if store.has_rows("generators", unit):
        return
    start = started()
    count = min(MOST_SAMPLES, max(LEAST_SAMPLES, len(data.public) // PUBLIC_PER_SAMPLE))
    samples = render(prior.target_decoder(prior.spaces[0]), _latents(count, prior), BATCH)
    sheet = f"artifacts/sheets/generator-{known}.png"
    shown = samples[: GRID * GRID]
    whole = torch.ones(len(shown), dtype=torch.bool)
    store.put_bytes(sheet, contact_sheet(shown, whole, SheetLayout(GRID, GRID, GRID)))
    row = {
        "generator_id": known,
        "config": canonical_json(config.prior_config),
        "data": data.name,
        "data_hash": data.content_hash,
        "public_images": len(data.public),
        **_distances(config, data, judge, samples),
        "sheet": sheet,
        **provenance(start),
    }
    store.write_rows("generators", unit, [row])


def _features_id(config: AttackConfig) -> str:
    """Return what tells the features of one row from those of another row of the same generator."""
    if config.image_quality.inception is None:
        return config.evaluator_configs[0].piece_id
    return identity({"inception": inception_hash(config.image_quality)})


def _distances(
    config: AttackConfig, data: FaceData, judge: Judge, samples: Tensor
) -> dict[str, float | int | str | None]:
    inception = load_inception(config.image_quality)
    public = data.public.images[some_public(data)]
    if inception is None:
        kept = judge.public_features
        real = judge.evaluator.judge(public).feature if kept is None else kept
        fake = judge.evaluator.judge(samples).feature
    else:
        real, fake = (picture_features(inception.to(device()), images) for images in (public, samples))
    return {
        "fid": frechet_distance(real, fake),
        "kid": kernel_distance(real, fake),
        "fid_features": judge.evaluator.name if inception is None else INCEPTION,
        "fid_images": len(samples),
    }


def _latents(count: int, prior: Prior) -> Tensor:
    generator = torch.Generator().manual_seed(seed_stream(0, "generator_samples"))
    return prior.sample(count, generator, prior.spaces[0]).to(device())
