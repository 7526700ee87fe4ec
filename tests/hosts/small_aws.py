"""A stand-in of AWS that offers few machine types and one image, and so answers at once.

moto knows some 1,400 types and 500 images, and takes seconds of CPU time each time it lists them.
"""

import json
import os
import sys
import tempfile

from moto.utilities.utils import load_resource

OFFERED = {"m6i.large", "g5.2xlarge"}


def images() -> str:
    """Return the first of moto's images, as its file of images has them."""
    return json.dumps(load_resource("ec2/resources/amis.json")[:1])


def serve(arguments: list[str]) -> None:
    """Answer for as long as the process lives."""
    from moto.ec2.models.instance_types import InstanceTypeBackend
    from moto.server import main

    known = InstanceTypeBackend.instance_types
    known[:] = [one for one in known if one["InstanceType"] in OFFERED]
    main(arguments)


if __name__ == "__main__":
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(images())
        file.flush()
        os.environ["MOTO_AMIS_PATH"] = file.name  # read when moto is imported
        serve(sys.argv[1:])
