"""Folders of images and tables become the .npz that a study reads, or the reason is one line."""

import numpy as np
import pytest
from PIL import Image

from label_smoothing.data.convert import main
from label_smoothing.data.sources import load_npz


def save(image, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


def plain(level, size=(6, 6), mode="L"):
    return Image.new(mode, size, level)


@pytest.fixture
def folder(tmp_path):
    """Return a folder of three classes with ten images each, as bright as their class says."""
    for number, name in enumerate(("ant", "bee", "10")):
        for i in range(10):
            ending = ("png", "jpg", "bmp")[i % 3]
            save(plain(50 + 60 * number), tmp_path / f"images/{name}/deep/{i}.{ending}")
    (tmp_path / "images/ant/notes.txt").write_text("no image")
    (tmp_path / "images/bee/.hidden.png").write_text("no image")
    (tmp_path / "images/readme.md").write_text("no class")
    return tmp_path / "images"


def converted(tmp_path, *arguments):
    output = tmp_path / "mine.npz"
    main([*map(str, arguments), str(output)])
    with np.load(output) as archive:
        return load_npz(output), dict(archive)


def test_folders_are_classes_and_every_class_is_split_alike(tmp_path, folder, capsys):
    dataset, arrays = converted(tmp_path, "images", folder, "--size", 4, "--colour", "grey")
    assert arrays["classes"].tolist() == ["10", "ant", "bee"]
    assert dataset.x_train.shape == (24, 4, 4, 1)
    assert np.bincount(dataset.y_train).tolist() == [8, 8, 8]
    assert np.bincount(dataset.y_test).tolist() == [2, 2, 2]
    level = np.array([170, 50, 110])
    for x, y, origin in (
        (dataset.x_train, dataset.y_train, arrays["origin_train"]),
        (dataset.x_test, dataset.y_test, arrays["origin_test"]),
    ):
        assert abs(x[..., 0].astype(int) - level[y, None, None]).max() <= 1  # .jpg rounds
        assert [path.split("/")[0] for path in origin] == arrays["classes"][y].tolist()
        assert all((folder / path).is_file() for path in origin)
    printed = capsys.readouterr().out
    assert "24 to train, 6 to test, each of 4x4 pixels" in printed
    assert "classes: 0 10, 1 ant, 2 bee" in printed


def test_the_seed_and_the_share_choose_the_test_part(tmp_path, folder):
    def origins(*arguments):
        _, arrays = converted(tmp_path, "images", folder, "--size", 2, *arguments)
        return arrays["origin_test"].tolist()

    assert origins() == origins("--seed", 0, "--test-share", 0.2) != origins("--seed", 1)
    assert len(origins("--test-share", 0.5)) == 15


def one(tmp_path, image, name="a/x.png", colour="rgb", size=2, **options):
    """Return the pixels of an image that has been converted, size x size x 3."""
    for i in range(3):
        save(plain(0), tmp_path / f"images/b/{i}.png")
        save(image, tmp_path / f"images/{name.replace('x', str(i))}", **options)
    options = ("--size", size, "--colour", colour, "--test-share", 0.5)
    _, arrays = converted(tmp_path, "images", tmp_path / "images", *options)
    return arrays["x_train"][arrays["y_train"] == 0][0].astype(int)


def test_images_are_cut_to_the_square_in_the_middle(tmp_path):
    wide = np.zeros((4, 12), np.uint8)
    wide[:, 4:8] = 200
    # Beyond the square the filter sees one pixel at most.
    assert (one(tmp_path, Image.fromarray(wide), colour="grey") > 150).all()


def test_what_is_transparent_is_white(tmp_path):
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 2, 4))
    pixels = one(tmp_path, image)
    # Scaling sharpens the edge between blue and white.
    assert abs(pixels[0, 0] - [0, 0, 255]).max() < 40
    assert abs(pixels[0, 1] - [255, 255, 255]).max() < 40


def test_sixteen_bits_are_scaled_and_not_cut(tmp_path):
    image = Image.fromarray(np.full((4, 4), 257 * 100, np.uint16))
    assert (one(tmp_path, image, colour="grey") == 100).all()


def test_the_camera_may_have_lain_on_its_side(tmp_path):
    pixels = np.zeros((4, 4), np.uint8)
    pixels[:2] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    turned = one(tmp_path, Image.fromarray(pixels), name="a/x.tiff", colour="grey", exif=exif)
    assert (turned > 127).tolist() == [[False, True], [False, True]]


TABLE = "kind, size,id,weight,tame\n" + "".join(
    f"{kind}, {i}.5,n{i},{-i}e-1,{i % 2 == 0}\n" for i in range(6) for kind in ("10", "None", "9")
)


def test_columns_of_numbers_are_features(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    arguments = ("table", tmp_path / "t.csv", "--label", "kind", "--drop", "id")
    dataset, arrays = converted(tmp_path, *arguments, "--test-share", 0.5)
    assert arrays["classes"].tolist() == ["9", "10", "None"]  # numbers in their order
    assert dataset.x_train.dtype == np.float32
    assert dataset.x_train.shape == (9, 3)
    rows = TABLE.splitlines()
    for x, y, origin in zip(
        dataset.x_test, dataset.y_test, arrays["origin_test"].tolist(), strict=True
    ):
        kind, size, _, weight, tame = rows[int(origin.removeprefix("line ")) - 1].split(",")
        assert kind == arrays["classes"][y]
        np.testing.assert_allclose(x, [float(size), float(weight), tame == "True"], rtol=1e-6)


def table(text, *arguments):
    def make(folder):
        (folder / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return ["table", "t.csv", "--label", "kind", *arguments]

    return make


def images(*arguments, **files):
    def make(folder):
        for name in ("a/0.png", "a/1.png", "b/0.png", "b/1.png"):
            save(plain(0), folder / "images" / name)
        for name, content in files.items():
            (folder / "images" / name.replace("_", "/", 1).replace("_", ".")).write_bytes(content)
        return ["images", "images", "--test-share", "0.5", *arguments]

    return make


def split_folder(folder, *parts):
    """Make a folder of parts, each with two classes of three images; return the arguments."""
    for number, part in enumerate(parts):
        for name in ("cat", "dog"):
            for i in range(3):
                save(plain(40 * number + 10 * i), folder / f"f/{part}/{name}/{i}.png")
    return ["images", str(folder / "f"), "--size", "2"]


ROWS = "kind,x\n" + "a,1\nb,2\n" * 2
REFUSALS = {
    "no folder": (lambda folder: ["images", "nope"], "FOLDER is 'nope'; allowed: a folder of fol"),
    "no image": (
        lambda folder: ["images", "."],
        "FOLDER '.' has no image in a folder; allowed: CLASS/IMAGE",
    ),
    "a damaged image": (
        images(a_2_png=b"\x89PNG"),
        "'images/a/2.png' cannot be read (cannot identify image file",
    ),
    "one class": (table("kind,x\na,1\na,2\n"), "the only class is 'a'; allowed: two classes or m"),
    "one of a class": (
        table(ROWS + "c,1\n"),
        "the class 'c' has one sample; allowed: two or more, one a part",
    ),
    "a small share": (
        images("--test-share", "0.1"),
        "--test-share is 0.1, 0 of 4 samples; allowed: 2 to 2 of them, at least one of each class",
    ),
    "a rare class": (
        table("kind,x\n" + "a,1\n" * 50 + "b,1\n" * 2, "--test-share", "0.2"),
        "--test-share is 0.2, which leaves the test part no sample of the class 'b'; allowed: near",
    ),
    "a share of 1": (
        images("--test-share", "1"),
        "--test-share is 1.0; allowed: more than 0, less",
    ),
    "a seed below 0": (images("--seed", "-1"), "--seed is -1; allowed: 0 to 4294967295"),
    "no pixels": (images("--size", "0"), "--size is 0; allowed: 1 to 1024"),
    "no table": (
        lambda folder: ["table", "nope.csv", "--label", "kind"],
        "FILE is 'nope.csv' (No such file or directory); allowed: a .csv with names",
    ),
    "an empty table": (table(""), "FILE is 't.csv' (No columns to parse from file); allowed"),
    "a ragged table": (table("kind,x\na,1\na,1,2\n"), "FILE is 't.csv' (Error tokenizing data."),
    "no text": (table(b"\xff\xfe\x00"), "FILE is 't.csv' (its text is in no encoding that is"),
    "another label": (
        table("sort,x\na,1\n"),
        "the column 'kind' is not there; allowed: sort, x",
    ),
    "another column to drop": (
        table(ROWS, "--drop", "y"),
        "the column 'y' is not there; allowed: kind, x",
    ),
    "no features": (table("kind\na\nb\n"), "FILE 't.csv' has no feature, or no line; allowed"),
    "a missing label": (
        table(ROWS + ",1\n"),
        "the label in line 6 is missing (''); allowed: one in each row, or --drop-unlabelled",
    ),
    "a text": (
        table(ROWS + "a,many\n"),
        "the column 'x' holds 'many' in line 6; allowed: numbers, or --drop with its name",
    ),
    "a missing number": (table(ROWS + "a,\n"), "the column 'x' holds '' in line 6; allowed: num"),
    "more than float32": (table(ROWS + "a,1e99\n"), "the column 'x' holds '1e+99' in line 6; all"),
    "labels that are no label": (
        table("kind,x\na,1\nnan,2\nNA,3\n"),
        "the label in line 3 is missing ('nan'); allowed: one in each row, or --drop-unlabelled",
    ),
    "the index of pandas": (
        table(",x,kind\n" + "".join(f"{i},1.5,{'ab'[i // 3]}\n" for i in range(6))),
        "the first column, 'Unnamed: 0', numbers the rows; allowed: a feature, or --drop",
    ),
    "a running number": (
        table("id,x,kind\n" + "".join(f"{i + 1},0,{'ab'[i // 6]}\n" for i in range(12))),
        "the first column, 'id', numbers the rows; allowed: a feature, or --drop 'id'",
    ),
    "another separator": (
        table("x:y:kind\n1:2:a\n"),
        "the header has one column, 'x:y:kind': is the separator ':'?; allowed: columns separated",
    ),
    "one group": (
        table("kind,x,who\n" + "a,1,p\nb,2,p\n" * 4, "--group", "who"),
        "--group has 1 value; allowed: a column of two or more",
    ),
    "folders of folders that are no parts": (
        lambda folder: (
            [
                save(plain(0), folder / f"f/{part}/{name}/0.png")
                for part in ("one", "two")
                for name in ("cat", "dog")
            ]
            and ["images", "f"]
        ),
        "FOLDER 'f' holds one, two, each with cat, dog; allowed: CLASS/IMAGE, or train/CLASS/",
    ),
    "parts without classes": (
        lambda folder: (
            [save(plain(0), folder / f"f/{part}/0.png") for part in ("train", "test")]
            and ["images", "f"]
        ),
        "FOLDER 'f' holds test, train, and test has no folder of a class; allowed: CLASS/IMAGE",
    ),
    "a share beside a split": (
        lambda folder: [*split_folder(folder, "train", "test"), "--test-share", "0.5"],
        "--test-share is 0.5, but the folders of FOLDER bring a split; allowed: no --test-share",
    ),
    "negative depths": (
        lambda folder: (
            save(Image.fromarray(np.full((4, 4), -5, np.int32)), folder / "f/a/0.tiff")
            or ["images", "f"]
        ),
        "1 images of more than 8 bits hold values down to -5; allowed: 0 or more",
    ),
}


@pytest.mark.parametrize(("make", "message"), REFUSALS.values(), ids=REFUSALS)
def test_bad_input_ends_with_one_line(tmp_path, monkeypatch, make, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as error:
        main([*make(tmp_path), "mine.npz"])
    line = error.value.code
    assert line.startswith("convert: ")
    assert message in line
    assert "\n" not in line
    assert not list(tmp_path.glob("*.npz"))


@pytest.mark.parametrize(
    ("output", "allowed"), [("mine.csv", "a name that ends in .npz"), ("no/m.npz", "a folder that")]
)
def test_the_output_is_refused_before_anything_is_read(tmp_path, output, allowed):
    with pytest.raises(SystemExit) as error:
        main(["table", str(tmp_path / "nope.csv"), "--label", "x", output])
    assert error.value.code.startswith(f"convert: OUTPUT is '{output}'; allowed: {allowed}")


@pytest.mark.parametrize(
    ("parts", "test", "note"),
    [
        (("train", "test"), "test", "test is the test part"),
        (("Training", "VAL"), "VAL", "VAL is the test part"),
        (("train", "valid", "test"), "test", "test is the test part, valid joins the training"),
    ],
)
def test_folders_of_parts_keep_their_split(tmp_path, capsys, parts, test, note):
    _, arrays = converted(tmp_path, *split_folder(tmp_path, *parts))
    assert arrays["classes"].tolist() == ["cat", "dog"]
    assert {origin.split("/")[0] for origin in arrays["origin_test"]} == {test}
    assert {origin.split("/")[0] for origin in arrays["origin_train"]} == {*parts} - {test}
    assert f"note: the split of the folders is kept: {note}" in capsys.readouterr().out


def test_classes_may_be_called_like_parts_and_hold_folders_of_years(tmp_path):
    for name in ("train", "plane"):  # of vehicles
        for year in ("2021", "2022"):
            save(plain(len(name) * 9 + int(year) % 9), tmp_path / f"f/{name}/{year}/0.png")
    arguments = ("images", tmp_path / "f", "--size", 2, "--test-share", 0.5)
    assert converted(tmp_path, *arguments)[1]["classes"].tolist() == ["plane", "train"]


@pytest.mark.parametrize(
    ("highest", "level", "shown"),
    [(4095, 2048, 127), (255, 100, 100), (65535, 257 * 100, 100), (1023, 512, 127)],
)
def test_deep_images_are_scaled_by_the_depth_of_all(tmp_path, capsys, highest, level, shown):
    for i, value in enumerate((level, level, highest)):
        save(Image.fromarray(np.full((4, 4), value, np.uint16)), tmp_path / f"f/a/{i}.png")
        save(plain(5 * i), tmp_path / f"f/b/{i}.png")
    arguments = ("images", tmp_path / "f", "--size", 2, "--colour", "grey", "--test-share", 0.5)
    _, arrays = converted(tmp_path, *arguments)
    found = {
        origin: image[0, 0]
        for part in ("train", "test")
        for origin, image in zip(arrays[f"origin_{part}"], arrays[f"x_{part}"], strict=True)
    }
    assert found["a/0.png"] == shown
    assert found["a/2.png"] == 255
    assert f"3 images have more than 8 bits, values up to {highest}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        (Image.new("1", (4, 4), 1), 255),
        (Image.new("CMYK", (4, 4), (0, 0, 0, 0)), 255),
        (Image.new("LA", (4, 4), (0, 0)), 255),
        (plain(2, (4, 4)).convert("P"), 2),
        (Image.fromarray(np.full((4, 4), 0.5, np.float32)), 127),
    ],
    ids=["1 bit", "CMYK", "transparent", "palette", "float"],
)
def test_images_of_any_mode_are_read(tmp_path, image, shown):
    name = "a/x.tiff" if image.mode in ("CMYK", "F") else "a/x.png"
    assert (one(tmp_path, image, name=name, colour="grey") == shown).all()


def test_what_is_passed_over_empty_or_repeated_is_said(tmp_path, folder, capsys):
    (folder / "cow").mkdir()
    (folder / "bee/photo.heic").write_bytes(b"ftypheic")
    save(plain(50), folder / "bee/ant.png")
    converted(tmp_path, "images", folder, "--size", 2)
    printed = capsys.readouterr().out
    assert (
        "note: passed over ant/notes.txt and 1 more: no ending of images (.heic, .txt)" in printed
    )
    assert "note: no image in cow: no class" in printed
    assert "samples repeat another one exactly, as " in printed
    assert "1 of them have another label: bee/ant.png and ant/" in printed
    assert "test samples also stand in the training part, as " in printed


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("x;kind\n1.5;a\n2.5;b\n", "columns are separated by ';'"),
        ("x;kind\n1,5;a\n2,5;b\n", "columns are separated by ';', decimal commas"),
        ("x\tkind\n1.5\ta\n2.5\tb\n", "columns are separated by a tab"),
        ("# from the lab\nx,kind\n1.5,a\n2.5,b\n", "passed over above the header: 1 lines"),
        ("\ufeffx,kind\n1.5,a\n2.5,b\n", ""),
        ("x,kind\n1.5,a \n2.5,b\n", "labels are trimmed of spaces"),
        ("x,kind\n1.5,a\n2.5,b\n".encode("utf-16"), "the text is read as utf-16"),
        ("x,kind\n1.5,a\n2.5,b\n3.5,müll\n".encode("cp1252"), "the text is read as cp1252"),
        ("x,kind\n1.5,a\n2.5,b\n3.5,A\n", "the classes A and a differ in their letters' case"),
    ],
)
def test_tables_as_people_have_them_are_read(tmp_path, capsys, text, note):
    text = text if isinstance(text, bytes) else text.encode()
    header = 1 + (b"# from" in text)
    if text[:2] == b"\xff\xfe":
        repeated = (text.decode("utf-16") + text.decode("utf-16").split("\n", 1)[1]).encode(
            "utf-16"
        )
    else:
        lines = text.splitlines(keepends=True)
        repeated = b"".join(lines + lines[header:])
    (tmp_path / "t.csv").write_bytes(repeated)
    arguments = ("table", tmp_path / "t.csv", "--label", "kind", "--test-share", 0.5)
    dataset, arrays = converted(tmp_path, *arguments)
    assert {"a", "b"} <= set(arrays["classes"].tolist())
    x = np.concatenate([dataset.x_train, dataset.x_test]).ravel()
    assert {1.5, 2.5} <= set(x.tolist())
    assert note in capsys.readouterr().out


def test_equal_numbers_are_one_class_and_rows_without_a_label_can_go(tmp_path, capsys):
    rows = [f"{i}.5,{('0', '1.0', '1', 'NA')[i % 4]}" for i in range(24)]
    (tmp_path / "t.csv").write_text("x,kind\n" + "\n".join(rows))
    arguments = ("table", tmp_path / "t.csv", "--label", "kind", "--drop-unlabelled")
    dataset, arrays = converted(tmp_path, *arguments)
    assert arrays["classes"].tolist() == ["0", "1"]
    assert len(dataset.y_train) + len(dataset.y_test) == 18
    x = np.concatenate([dataset.x_train, dataset.x_test]).ravel()
    lines = np.concatenate([arrays["origin_train"], arrays["origin_test"]])
    assert [f"line {int(value) + 2}" for value in x] == lines.tolist()
    printed = capsys.readouterr().out
    assert "note: 6 rows without a label are left out" in printed
    assert "such as 1 and 1.0, are one class" in printed


def test_rows_of_one_group_stay_in_one_part(tmp_path):
    rows = [f"{i}.5,{i // 4},{'ab'[i // 4 % 2]}" for i in range(80)]
    (tmp_path / "t.csv").write_text("x,patient,kind\n" + "\n".join(rows))
    arguments = ("table", tmp_path / "t.csv", "--label", "kind", "--group", "patient")
    dataset, _ = converted(tmp_path, *arguments)
    train, test = (set((x.ravel() // 4).astype(int)) for x in (dataset.x_train, dataset.x_test))
    assert not train & test
    assert dataset.x_test.shape == (16, 1)
