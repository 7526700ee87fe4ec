"""Image priors: what an attacker knows of pictures, made from D_pub once and shared by every T of a sweep."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from search_spaces.registry import KindSettings, OneOf, Registry


class PriorSettings(KindSettings):
    """Settings of one prior: a generator from latents to square pictures, maybe with a critic.

    Between its pictures and T's input lies a centre crop and a resizing; without ``crop``, and where the
    sizes agree, T is shown the pictures as they are.
    """

    omitted_defaults: ClassVar[frozenset[str]] = frozenset({"resolution", "crop"})
    spaces: ClassVar[tuple[str, ...]] = ("z",)
    """Spaces of its latents, by name; ``z`` is a vector of N(0, I). The first is searched unless an attack
    names another."""
    has_critic: ClassVar[bool] = False
    """Whether it tells how natural a picture is, as the prior loss of GMI needs it."""

    resolution: Annotated[int, Field(ge=8, le=1024)] | None = None
    """Pixels a side of its own pictures; ``None``: as many as the data have."""
    crop: Annotated[int, Field(ge=8, le=1024)] | None = None
    """Side of the centre square of its pictures that T is shown; ``None``: the whole picture."""
    seed: int = 0

    def side(self, data_side: int) -> int:
        """Return the pixels a side of its own pictures for data of ``data_side`` pixels."""
        return self.resolution or data_side

    def is_shown_as_is(self, data_side: int) -> bool:
        """Return whether nothing lies between its pictures and the input of a T of ``data_side`` pixels."""
        return self.crop is None and self.side(data_side) == data_side

    def resolution_error(self, data_side: int) -> str | None:
        """Return why its pictures cannot have their size for data of ``data_side`` pixels, or ``None``."""
        side = self.side(data_side)
        if self.crop is not None and self.crop > side:
            return f"crop {self.crop} of pictures of {side}x{side}: give at most {side}"
        return None


def can_be_generated(side: int) -> bool:
    """Return whether the convolutional generators make pictures of ``side`` pixels.

    >>> [side for side in range(1, 100) if can_be_generated(side)]
    [8, 16, 32, 64]
    """
    return side >= 8 and not side & (side - 1)


PRIORS: Registry[PriorSettings] = Registry("prior", PriorSettings, "tldmi_sweep.priors")

AnyPrior = Annotated[PriorSettings, OneOf(PRIORS)]

DCGAN_RESOLUTION, DCGAN_Z_DIM = 64, 100
"""Of the packaged DCGAN."""


@PRIORS.register
class WGANGP(PriorSettings):
    """WGAN with gradient penalty (the prior of GMI and BREPMI)."""

    home: ClassVar[str | None] = "trainables.generators.wgan_gp"
    archives: ClassVar[tuple[str, ...]] = ("gan_face_generate",)
    has_critic: ClassVar[bool] = True

    kind: Literal["wgan_gp"] = "wgan_gp"
    initial: Literal["eigenfaces", "digiface_dcgan"] | None = None
    """The generator to start from: a linear one of principal components of the public pictures, or the
    packaged DCGAN of rendered faces. ``None``: a convolutional one of ``width``, from scratch."""
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

    @property
    def used_archives(self) -> tuple[str, ...]:
        """The archive of the packaged DCGAN, where training starts from it."""
        return self.archives if self.initial == "digiface_dcgan" else ()

    def resolution_error(self, data_side: int) -> str | None:
        """Return why its pictures cannot have their size for data of ``data_side`` pixels, or ``None``.

        >>> WGANGP().resolution_error(64) is None, WGANGP(resolution=64).resolution_error(224) is None
        (True, True)
        >>> WGANGP().resolution_error(48)
        'pictures of 48x48: wgan_gp makes 8, 16, 32, 64, ... pixels a side; give its resolution'
        """
        side = self.side(data_side)
        size = f"{side}x{side}"
        if not can_be_generated(side):
            return f"pictures of {size}: wgan_gp makes 8, 16, 32, 64, ... pixels a side; give its resolution"
        if self.initial == "digiface_dcgan" and (self.z_dim, side) != (DCGAN_Z_DIM, DCGAN_RESOLUTION):
            return (
                f"initial digiface_dcgan with z_dim {self.z_dim}, pictures of {size}: it has z_dim "
                f"{DCGAN_Z_DIM} and makes pictures of {DCGAN_RESOLUTION}x{DCGAN_RESOLUTION}"
            )
        return super().resolution_error(data_side)
