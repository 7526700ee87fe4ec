"""The attacker's image prior, trained on D_pub once and shared by every T of a sweep."""

from typing import Annotated, Literal

from pydantic import Field

from search_spaces.settings import Settings


class WGANGP(Settings):
    """WGAN with gradient penalty (the prior of GMI and BREPMI)."""

    kind: Literal["wgan_gp"] = "wgan_gp"
    initial: Literal["eigenfaces", "digiface_dcgan"] | None = None
    """The generator to start from: a linear one of principal components of the public pictures, the packaged
    DCGAN of rendered faces, or nothing: a convolutional one of ``width``, from scratch."""
    z_dim: Annotated[int, Field(ge=2, le=4096)] = 100
    width: Annotated[int, Field(ge=4, le=512)] = 64
    critic_width: Annotated[int, Field(ge=4, le=512)] = 64
    autoencoder_steps: Annotated[int, Field(ge=0)] = 0
    """Steps in which a generator from scratch first learns to decode public pictures (no part of GMI: a
    start that pays where adversarial steps are few)."""
    generator_steps: Annotated[int, Field(ge=0)] = 11232
    critic_steps_per_generator_step: Annotated[int, Field(ge=1)] = 5
    critic_warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Critic steps before the first generator step (all there is when ``generator_steps`` is 0)."""
    batch_size: Annotated[int, Field(ge=2)] = 64
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    gradient_penalty: Annotated[float, Field(ge=0)] = 10.0
    seed: int = 0


GeneratorSettings = WGANGP

DCGAN_RESOLUTION, DCGAN_Z_DIM = 64, 100
"""Of the packaged DCGAN."""


def misfit(generator: GeneratorSettings, resolution: int) -> str | None:
    """Return why ``generator`` cannot make pictures of ``resolution`` pixels a side, or nothing.

    >>> misfit(WGANGP(), 64) is None
    True
    >>> misfit(WGANGP(), 48)
    'pictures of 48x48: generators make 8, 16, 32, 64, ... pixels a side'
    """
    size = f"{resolution}x{resolution}"
    if resolution < 8 or resolution & (resolution - 1):
        return f"pictures of {size}: generators make 8, 16, 32, 64, ... pixels a side"
    if generator.initial == "digiface_dcgan" and (generator.z_dim, resolution) != (
        DCGAN_Z_DIM,
        DCGAN_RESOLUTION,
    ):
        return (
            f"initial digiface_dcgan with z_dim {generator.z_dim}, pictures of {size}: it has z_dim "
            f"{DCGAN_Z_DIM} and makes pictures of {DCGAN_RESOLUTION}x{DCGAN_RESOLUTION}"
        )
    return None
