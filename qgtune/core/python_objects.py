"""Python objects that a config names: a value like text and numbers, and never the object itself."""


class PyObject(str):
    """The name of a Python object, written ``!pyobject torch.nn.ReLU`` in YAML.

    It is the text of the name, and equal to it; nothing is imported. What writes YAML writes the tag back, so
    that a name and a plain text stay apart in files.

    Example:
        >>> PyObject("torch.nn.ReLU")
        !pyobject torch.nn.ReLU
        >>> f"{PyObject('torch.nn.ReLU')}"
        'torch.nn.ReLU'
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"!pyobject {self}"
