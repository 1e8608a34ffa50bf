"""Names of Python objects: text that knows what it names."""

import copy
import pickle

from qgtune.core.python_objects import PyObject


def test_a_name_is_its_text_and_shows_its_tag():
    name = PyObject("torch.nn.ReLU")
    assert (name, f"{name}", repr(name), hash(name)) == (
        "torch.nn.ReLU", "torch.nn.ReLU", "!pyobject torch.nn.ReLU", hash("torch.nn.ReLU"),
    )  # fmt: skip


def test_a_name_survives_pickling_and_copying():
    name = PyObject("torch.nn.ReLU")
    for twin in (pickle.loads(pickle.dumps(name)), copy.deepcopy(name)):
        assert (type(twin), twin) == (PyObject, name)
