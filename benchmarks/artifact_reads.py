"""Prints how long the same artifact takes to be read from a bucket: first, and again from the cache.

The server is moto's on loopback, in this process, so the first reading is quicker than over any network.

    python benchmarks/artifact_reads.py [--megabytes 100]
"""

import argparse
import os
import tempfile
import time

import boto3
import torch
from moto.server import ThreadedMotoServer

from results.stores.opening import open_store
from trainables.storage.artifacts import load_tensors, save_tensors

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nobody",
    "AWS_DEFAULT_REGION": "us-east-1",
}
PATH = "artifacts/targets/t.safetensors"


def main() -> int:
    """Write an artifact, read it three times, print the times, and return 1 when the cache is no quicker."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=100)
    options = parser.parse_args()
    os.environ.update(CREDENTIALS)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=url).create_bucket(Bucket="bench")
    tensors = {"weight": torch.randn(options.megabytes * 250_000)}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TLDMI_SWEEP_CACHE"] = folder
        store = open_store(f"s3://bench/runs?endpoint={url}", create=True)
        sha256 = save_tensors(store, PATH, tensors)
        times = []
        for known in (None, None, sha256):
            started = time.perf_counter()
            found = load_tensors(store, PATH, known)
            times.append(time.perf_counter() - started)
            assert torch.equal(found["weight"], tensors["weight"])
    server.stop()
    first, second, named = times
    print(
        f"{options.megabytes} MB: {first:.2f} s, again {second:.2f} s, with the hash of its row {named:.2f} s"
    )
    print(f"from the cache {first / second:.1f} x, with the hash {first / named:.1f} x as quick")
    return int(second > first)


if __name__ == "__main__":
    raise SystemExit(main())
