"""Images in folders as arrays: which folder is a class, which a part, and what the pixels mean."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from label_smoothing.data.convert_samples import Samples, first_of

_MODES = {"grey": "L", "rgb": "RGB"}
COLOURS = tuple(_MODES)
# Names of folders that are parts of the data and no classes.
_PARTS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "validation": ("val", "valid", "validation", "dev"),
}
_PROBLEMS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def read_images(folder: str | os.PathLike, size: int, colour: str) -> Samples:
    """
    Return the images of every class, uint8 of shape (N, size, size) or (N, size, size, 3).

    The layout is FOLDER/CLASS/IMAGE, or FOLDER/train/CLASS/IMAGE beside test or val, whose split is
    kept. Images are turned as their EXIF says, cut to a square around their middle and scaled. Of
    several frames the first is read. What is transparent becomes white.

    Raises
    ------
    ValueError
        If the folder has no such layout, or a file is no image.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"FOLDER is {str(folder)!r}; allowed: a folder of folders of images")
    notes: list[str] = []
    parts = _parts_of(folder, notes)
    depth = 1 if parts else 0  # of the folder that is the class, below FOLDER
    files = _image_files(folder, depth, notes)
    if not files:
        raise ValueError(f"FOLDER {str(folder)!r} has no image in a folder; allowed: CLASS/IMAGE")
    paths = [file.relative_to(folder) for file in files]
    full = _full_scale(files, notes)
    images = np.stack([_read_image(file, size, _MODES[colour], full) for file in files])
    return Samples(
        images,
        np.array([path.parts[depth] for path in paths]),
        np.array([*map(str, paths)]),
        np.array([parts[path.parts[0]] == "test" for path in paths]) if parts else None,
        notes,
    )


def _folders(folder: Path) -> list[Path]:
    return sorted(x for x in folder.iterdir() if x.is_dir() and not x.name.startswith("."))


def _has_files(folder: Path) -> bool:
    return any(x.is_file() and not x.name.startswith(".") for x in folder.iterdir())


def _parts_of(folder: Path, notes: list[str]) -> dict[str, str]:
    """Return "train" or "test" by the name of each folder that is a part; of classes, nothing."""
    inner = _folders(folder)
    kinds = {
        x.name: kind for x in inner for kind, names in _PARTS.items() if x.name.lower() in names
    }
    found = ", ".join(x.name for x in inner[:6])
    if inner and len(kinds) == len(inner) and "train" in kinds.values() and len(inner) > 1:
        if direct := [x.name for x in inner if not _folders(x)]:
            raise ValueError(
                f"FOLDER {str(folder)!r} holds {found}, and {direct[0]} has no folder of a class; "
                "allowed: CLASS/IMAGE, or train/CLASS/IMAGE and test/CLASS/IMAGE"
            )
        test = "test" if "test" in kinds.values() else "validation"
        joined = [name for name in kinds if kinds[name] == "validation" and test == "test"]
        notes.append(
            f"the split of the folders is kept: {', '.join(n for n in kinds if kinds[n] == test)} "
            "is the test part"
            + (f", {', '.join(joined)} joins the training part" if joined else "")
        )
        return {name: "test" if kind == test else "train" for name, kind in kinds.items()}
    # Folders that hold the same folders are no classes, unless these are years or numbers.
    names = [{x.name for x in _folders(part)} for part in inner]
    alike = len(inner) > 1 and len(names[0]) > 1 and all(n == names[0] for n in names)
    alike = alike and any(any(map(str.isalpha, name)) for name in names[0])
    if alike and not any(map(_has_files, inner)):
        shared = ", ".join(sorted(names[0])[:6])
        raise ValueError(
            f"FOLDER {str(folder)!r} holds {found}, each with {shared}; "
            "allowed: CLASS/IMAGE, or train/CLASS/IMAGE and test/CLASS/IMAGE"
        )
    return {}


def _image_files(folder: Path, depth: int, notes: list[str]) -> list[Path]:
    endings = set(Image.registered_extensions())
    seen = [
        file
        for file in sorted(folder.glob("*/" * (depth + 1) + "**/*"))
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    files = [file for file in seen if file.suffix.lower() in endings]
    if passed := [file for file in seen if file.suffix.lower() not in endings]:
        kinds = ", ".join(sorted({file.suffix.lower() or "no ending" for file in passed})[:4])
        notes.append(f"passed over {first_of(passed, folder)}: no ending of images ({kinds})")
    with_images = {file.relative_to(folder).parts[: depth + 1] for file in files}
    classes = [x for x in sorted(folder.glob("*/" * (depth + 1))) if not x.name.startswith(".")]
    if empty := [x for x in classes if x.relative_to(folder).parts not in with_images]:
        notes.append(f"no image in {first_of(empty, folder)}: no class")
    return files


def _full_scale(files: Sequence[Path], notes: list[str]) -> float:
    """Return the value that is white in images of more than 8 bits, the same for all files."""
    lowest, highest, deep = 0.0, 0.0, 0
    for file in files:
        try:
            with Image.open(file) as image:
                if image.mode.startswith("I") or image.mode == "F":
                    values = np.asarray(image)
                    lowest, highest = min(lowest, values.min()), max(highest, values.max())
                    deep += 1
        except _PROBLEMS:
            continue  # named when it is read
    if not deep:
        return 255.0
    if lowest < 0:
        raise ValueError(
            f"{deep} images of more than 8 bits hold values down to {lowest:g}; allowed: 0 or more"
        )
    # The depth of the camera, not of the file: 12 bits often come in files of 16.
    scales = (1.0, *(2.0**bits - 1 for bits in (8, 10, 12, 14, 16)))
    full = next((scale for scale in scales if highest <= scale), float(highest))
    notes.append(
        f"{deep} images have more than 8 bits, values up to {highest:g}: {full:g} becomes white"
    )
    return full


def _read_image(file: Path, size: int, mode: str, full: float) -> np.ndarray:
    try:
        with Image.open(file) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I") or image.mode == "F":  # Pillow would cut these at 255
                values = np.asarray(image).astype(np.float64)
                if not np.isfinite(values).all():
                    raise ValueError("its pixels are not all finite")
                image = Image.fromarray(np.floor(values * 255 / full).clip(0, 255).astype(np.uint8))
            elif image.has_transparency_data:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            fitted = ImageOps.fit(image.convert(mode), (size, size), Image.Resampling.LANCZOS)
    except _PROBLEMS as error:
        raise ValueError(f"{str(file)!r} cannot be read ({error}); allowed: an image") from None
    return np.asarray(fitted)
