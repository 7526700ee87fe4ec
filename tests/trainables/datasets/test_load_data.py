"""Loading by settings, and what can be checked without torch."""

import subprocess
import sys

from search_spaces.datasets import ORLFaces
from trainables.datasets import check_data


def test_archives_and_checks_import_no_torch() -> None:
    code = (
        "import sys, pathlib\n"
        "from search_spaces import load_setup\n"
        "from search_spaces.datasets import DrawnPersons, ImageFolder, ORLFaces\n"
        "from trainables.storage import archives\n"
        "from trainables.datasets import check_data, describe, load_data, pin_data, prepare_data\n"
        "from trainables.datasets import private_classes\n"
        "from trainables.datasets.sets import InvalidDownload\n"
        "from trainables.datasets.image_folder_files import InvalidImageFolder\n"
        "archives.status()\n"
        "describe()\n"
        "for step in (check_data, prepare_data, pin_data, private_classes):\n"
        "    try:\n"
        "        step(load_setup('celeba=/no').data)\n"
        "    except InvalidDownload:\n"
        "        print('refused')\n"
        "check_data(DrawnPersons())\n"
        "assert private_classes(ORLFaces()) == 20\n"
        "try:\n"
        "    check_data(ImageFolder(private=pathlib.Path('/no/a'), public=pathlib.Path('/no/b')))\n"
        "except InvalidImageFolder:\n"
        "    print(sorted({'torch', 'safetensors', 'dicebear', 'resvg_py'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused"] * 4 + ["[]"]


def test_photographs_have_nothing_to_check() -> None:
    check_data(ORLFaces())
