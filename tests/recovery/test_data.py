"""Samples of files and objects: their exact numbers, their columns, and every refusal with its reason."""

import pickle
from fractions import Fraction
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llrsym.errors import BadInput
from llrsym.networks.builders import conv, mlp
from llrsym.recovery import data_files
from llrsym.recovery.data import Data, read_data, write_csv


def _saved(array):
    stream = BytesIO()
    np.save(stream, array)
    return stream.getvalue()


ROWS = [[0.5, 1.0], [0.25, -2.0], [0.5, 1.0]]
POINTS = ((Fraction(1, 2), Fraction(1)), (Fraction(1, 4), Fraction(-2)), (Fraction(1, 2), Fraction(1)))


def csv_file(folder, text, name="data.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def npz_file(folder, **arrays):
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n0.5,1\n0.25,-2\n0.5,1\n",
        "a;b\r\n0.5;1\r\n0.25;-2\r\n0.5;1",
        "\ufeffa\tb\n0.5\t1.0\n.25\t-2e0\n5e-1\t+1\n\n\n",
        '"a","b"\n"0.5","1"\n 0.25 , -2\n1/2,"2/2"\n',
    ],
    ids=["comma", "semicolon and CRLF", "tab, byte order mark and empty lines at the end", "quoted"],
)
def test_text_with_names(tmp_path, text):
    data = read_data(csv_file(tmp_path, text), mlp(2, 1, 1))
    assert (data.points, data.names, data.rows, data.labels) == (POINTS, ("a", "b"), (2, 3, 4), None)
    assert data.array.tolist() == ROWS


def test_text_without_names(tmp_path):
    data = read_data(str(csv_file(tmp_path, "0.5,1\n0.25,-2\n0.5,1\n", "data.txt")))
    assert (data.points, data.names, data.rows) == (POINTS, ("1", "2"), (1, 2, 3))


def test_numbers_mean_what_they_mean_in_weight_files(tmp_path):
    data = read_data(csv_file(tmp_path, "x\n0.1\n1/10\n12345678901234567890\n0e-400\n"))
    values = [point[0] for point in data.points]
    assert values == [Fraction(0.1), Fraction(1, 10), Fraction(12345678901234567890), Fraction(0)]
    assert data.array.tolist() == [[0.1], [0.1], [12345678901234567890.0], [0.0]]


class Frame:
    """A data frame as pandas has it: names of columns and an array of objects."""

    columns = ("a", "b")

    def __init__(self, rows):
        self.rows = rows

    def to_numpy(self):
        return np.array(self.rows, dtype=object)


@pytest.mark.parametrize(
    "source",
    [
        np.array(ROWS),
        np.array(ROWS, dtype=np.float32),
        ROWS,
        [tuple(np.float64(v) for v in row) for row in ROWS],
        [["1/2", 1], [Fraction(1, 4), -2], [0.5, "1"]],
        Frame(ROWS),
        read_data(ROWS),
    ],
    ids=["float64", "float32", "lists", "NumPy numbers", "exact numbers", "data frame", "data"],
)
def test_objects(source):
    data = read_data(source, (2,))
    assert data.points == POINTS
    assert data.names == (("a", "b") if isinstance(source, Frame) else ("1", "2"))


def test_the_double_view_is_read_only_and_duplicates_are_reported():
    data = read_data([*ROWS, [0.25, -2], [0, 0]])
    assert data.duplicates == ((0, 2), (1, 3))
    assert data.duplicate_rows == ((1, 3), (2, 4))
    with pytest.raises(ValueError, match="read-only"):
        data.array[0, 0] = 1


def test_a_vector_is_a_column_and_images_are_flattened():
    assert read_data(np.array([1.0, 2.0]), mlp(1, 1, 1)).points == ((1,), (2,))
    images = np.arange(24.0).reshape(2, 3, 4)
    flat = tuple(tuple(map(Fraction, range(start, start + 12))) for start in (0, 12))
    network = conv(input=(3, 4), kernel=(2, 2), channels=(1,))
    assert read_data(images, network).points == flat
    assert read_data(images.tolist(), network).points == flat


def test_columns_and_labels_are_chosen_by_name(tmp_path):
    path = csv_file(tmp_path, "id,age,bmi,y\nA,1,2,3\nB,4,5,6\n")
    data = read_data(path, mlp(2, 1, 1), columns="bmi, age", labels="y")
    assert (data.names, data.points, data.labels) == (("bmi", "age"), ((2, 1), (5, 4)), ((3,), (6,)))
    assert data.label_array.tolist() == [[3.0], [6.0]]
    rest = read_data(csv_file(tmp_path, "1,2,3\n4,5,6\n"), labels=["2"])
    assert (rest.points, rest.labels) == (((1, 3), (4, 6)), ((2,), (5,)))


def test_labels_may_be_an_array():
    data = read_data(ROWS, mlp(2, 1, 2), labels=np.arange(6).reshape(3, 2))
    assert data.labels == ((0, 1), (2, 3), (4, 5))
    assert read_data(data, mlp(2, 1, 2)).labels == data.labels
    assert data.subset([2, 0]) == Data(POINTS[:1] * 2, ("1", "2"), (3, 1), ((4, 5), (0, 1)))


def test_archives(tmp_path):
    np.save(tmp_path / "x.npy", np.array(ROWS))
    assert read_data(tmp_path / "x.npy", (2,)).points == POINTS
    assert read_data(npz_file(tmp_path, anything=np.array(ROWS)), (2,)).points == POINTS
    path = npz_file(tmp_path, X=np.array(ROWS), y=np.array([1, 2, 3]))
    data = read_data(path, mlp(2, 1, 1), labels="y")
    assert (data.names, data.points, data.labels) == (("X.1", "X.2"), POINTS, ((1,), (2,), (3,)))
    assert read_data(path, (2,), columns="X").points == POINTS
    assert read_data(path, columns=["y", "X.1"]).points[1] == (2, Fraction(1, 4))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("\ufeff\n", "is empty"),
        ("\na,b\n1,2\n", "row 1 is empty"),
        ("a,b\n", "names of columns but no rows"),
        ("a,b\n1,2\n3,\n", "row 3, column 'b' is missing; remove the row or fill the cell"),
        ("a,b\n1,NA\n", "row 2, column 'b' is missing"),
        ("a,b\n1,nan\n", "row 2, column 'b' is NaN"),
        ("1,2\nNaN,2\n", "row 2, column '1' is NaN"),
        ("a,b\n-inf,2\n", "row 2, column 'a' is infinite"),
        ("a,b\n1,1e999\n", "too large for a double"),
        ("a,b\n1,-0.0001e-400\n", "row 2, column 'b' is too small: -0.0001e-400 is not zero"),
        ("a,b\n1,1/0\n", "denominator 0"),
        ("a,b\n1,2\n3\n", "row 3 has 1 cells, expected 2"),
        ("a,b\n1,2\n\n3,4\n", "row 3 has 0 cells, expected 2"),
        ("a,b\n1,red\n", "row 2, column 'b' is 'red', which is no number; keep numeric columns"),
        ("a;b\n1;0,5\n", "'0,5', which is no number; write decimals with a point"),
        ("a,b\n1,1_000\n", "no number"),
        ("a,b\n1,0x10\n", "no number"),
        ("a,b\n1," + "1" * 5000 + "\n", "more than 4000 digits"),
        ("a,b,c\n1,2,3\n", "expected 2 columns, got 3: a, b, c; choose .* --columns"),
        ("a\n1\n", "expected 2 columns, got 1: a"),
        ("a,2\n1,2\n", "row 1 holds the number '2' and the text 'a'"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ('a,b\n1,"2\n', "no complete CSV file"),
    ],
)
def test_text_that_is_refused(tmp_path, text, reason):
    with pytest.raises(BadInput, match=reason) as caught:
        read_data(csv_file(tmp_path, text), mlp(2, 1, 1))
    assert str(caught.value).startswith(f"data: {tmp_path / 'data.csv'}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"columns": "age,BMl"}, "columns: there is no column 'BMl'; did you mean 'bmi'"),
        ({"columns": "age,zzz"}, "there is no column 'zzz'; there are age, bmi, y"),
        ({"labels": "z"}, "labels: there is no column 'z'"),
        ({"columns": "age,age"}, "a column is named twice"),
        ({"columns": "age,y", "labels": "y"}, "'y' is both an input and a label"),
        ({"columns": "age,bmi,y"}, "expected 2 columns, got 3"),
        ({"columns": "age,bmi", "labels": [1.0]}, "there are 2 rows but 1 labels"),
        ({"columns": "age,bmi", "labels": [[1.0, 2.0], [3.0, 4.0]]}, "1 outputs, got 2 columns of labels"),
        ({"columns": "age,bmi", "labels": [1.0, float("nan")]}, "row 2, column '1' is NaN"),
    ],
)
def test_choices_that_are_refused(tmp_path, options, reason):
    path = csv_file(tmp_path, "age,bmi,y\n1,2,3\n4,5,6\n")
    with pytest.raises(BadInput, match=reason):
        read_data(path, mlp(2, 1, 1), **options)


def test_more_outputs_than_labels(tmp_path):
    path = csv_file(tmp_path, "age,bmi,y\n1,2,3\n4,5,6\n")
    with pytest.raises(BadInput, match="the network has 2 outputs, got 1 columns of labels"):
        read_data(path, mlp(2, 1, 2), labels="y")


class Missing:
    """What a data frame holds where a cell is missing."""


Missing.__name__ = "NAType"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ([[1.0, float("nan")]], "row 1, column '2' is NaN"),
        (np.array([[1.0, 2.0], [np.inf, 2.0]]), "row 2, column '1' is infinite"),
        (Frame([[1, None]]), "row 1, column 'b' is missing"),
        (Frame([[1, Missing()]]), "row 1, column 'b' is missing"),
        (Frame([[1, 2, 3]]), "expected 2 columns, got 3; pass a flat frame"),
        ([[1, True]], "truth value"),
        (np.array([[True, False]]), "truth value"),
        ([[1, 2j]], "is of type complex"),
        (np.array([[1, 2j]]), "entries of type complex128"),
        (np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]"), "entries of type datetime64"),
        ([[1, 2], [3]], "row 2 has 1 cells, expected 2"),
        ([], "expected 2 columns, got 0"),
        (np.zeros((0, 2)), "there are no rows"),
        (np.array(3.0), "got a single number"),
        (np.zeros((2, 3)), "expected 2 columns, got 3"),
        ([0.5, 1.5], "expected 2 columns, got 1"),
        ({"a": [1]}, "expected a file, an array, nested lists or a data frame, got dict"),
        (SimpleNamespace(columns=None), "got SimpleNamespace"),
        (np.zeros((1_000_001, 2)), "the limit is 2000000"),
    ],
)
def test_objects_that_are_refused(source, reason):
    with pytest.raises(BadInput, match=reason):
        read_data(source, mlp(2, 1, 1))


def test_pickles_are_never_opened(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "y.npy").write_bytes(pickle.dumps([1]))
    np.savez(tmp_path / "z.npz", np.array([None]), allow_pickle=True)
    for name in ("x.npy", "y.npy", "z.npz"):
        with pytest.raises(BadInput, match="pickled objects, which are not executed"):
            read_data(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.npy", b"\x93NUMPY\x01\x00", "it is not a complete array; save"),
        ("x.npz", b"PK\x03\x04nothing", "not a complete .npz archive"),
        ("x.npz", b"text", "not a complete .npz archive"),
        ("x.npy", _saved(np.zeros(2)).replace(b"False", b"Fal}e"), "not a complete array"),
        ("x.npy", _saved(np.array(["1", "2"])), "entries of type <U1, which are not numbers"),
        ("x.xlsx", b"PK", "type '.xlsx', which is not read; save it as .csv, .npy or .npz"),
        ("x.pkl", b"", "type '.pkl'"),
        ("x.csv", b"a,b\n\xff\xfe,1\n", "no UTF-8 text"),
        ("x.csv", b"a,b\n1," + b"9" * 200_000, "no complete CSV file .*field larger than"),
    ],
)
def test_other_contents_are_refused(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        read_data(tmp_path / name)


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(BadInput, match=r"none.csv cannot be read \(no such file"):
        read_data(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BadInput, match="is a directory"):
        read_data(tmp_path / "folder.csv")
    np.savez_compressed(tmp_path / "x.npz", np.zeros(10_000))
    monkeypatch.setattr(data_files, "MAX_BYTES", 1000)
    with pytest.raises(BadInput, match="unpacks to more than 1000 bytes"):
        read_data(tmp_path / "x.npz")
    with pytest.raises(BadInput, match="has more than 1000 bytes"):
        read_data(csv_file(tmp_path, "1\n" * 600))
    with pytest.raises(BadInput, match=r"arrays \(a, b\) have not the same number of rows"):
        read_data(npz_file(tmp_path, a=np.zeros(2), b=np.zeros(3)))


@given(
    st.lists(
        st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.fractions()), min_size=1, max_size=5
    )
)
def test_written_points_are_read_back_exactly(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    points = tuple((Fraction(a), b) for a, b in rows)
    write_csv(path, Data(points, ("a", "b"), tuple(range(len(points)))))
    assert read_data(path).points == points


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(BadInput, match=r"x.csv cannot be written \(no such file"):
        write_csv(tmp_path / "none" / "x.csv", read_data(ROWS))
