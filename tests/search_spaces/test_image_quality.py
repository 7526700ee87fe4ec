"""Files of weights are pinned by their bytes."""

import hashlib
from pathlib import Path

import pytest

from search_spaces.image_quality import ImageQuality, WeightsUnusable


def test_pinning_fills_in_absolute_paths_and_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("trunk.pth").write_bytes(b"weights")
    pinned = ImageQuality(lpips_trunk=Path("trunk.pth")).pinned()
    assert pinned.lpips_trunk == tmp_path / "trunk.pth"
    assert pinned.lpips_trunk_sha256 == hashlib.sha256(b"weights").hexdigest()
    assert pinned.inception is pinned.inception_sha256 is None
    assert pinned.pinned() == pinned
    assert ImageQuality().pinned() == ImageQuality()


def test_files_that_are_missing_or_have_changed_are_refused(tmp_path: Path) -> None:
    settings = ImageQuality(inception=tmp_path / "inception.pth")
    with pytest.raises(WeightsUnusable, match=r"image_quality\.inception: .* cannot be read"):
        settings.pinned()
    (tmp_path / "inception.pth").write_bytes(b"one")
    pinned = settings.pinned()
    (tmp_path / "inception.pth").write_bytes(b"two")
    with pytest.raises(WeightsUnusable, match="not the file meant"):
        pinned.pinned()
