"""How an input is made: a project of the seeds with a few changes, all of which follow from one number."""

import random
import re
from collections.abc import Callable

from fuzz.projects import Project

MAX_BYTES = 200_000
"""Of one file: a mutation that would grow it further is left out."""

_TOKEN = re.compile(rb"[\w.+-]+|\s+|.", re.DOTALL)
_NUMBER = re.compile(rb"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?![\w.])")
_KEY = re.compile(rb"^(\s*(?:- )?)([\w\"'.\[\]*-]+):", re.MULTILINE)
_VALUE = re.compile(rb"(?<=: )[^\s#{}\[\],&*!][^\n#{}\[\],]*")

_NUMBERS = (
    *b"0 -0 1 -1 2 1e-5 1e308 1e309 -1e308 5e-324 .inf -.inf .nan 9223372036854775808".split(),
    *b"0.30000000000000004 1_000 0o17 012 0x1F 12:30 2026-11-21 1.5.2 true null no '' ~".split(),
    b"1" + b"0" * 400,
    b"1" + b"0" * 5000,
)
_WORDS = b"""\
type: tuple
type: float
type: int
type: categorical
type: fixed
type: switch
type: repeat
type: coupled
type: reference
value: [1, 2, 3]
low: 1
high: 2
step: 0
log: true
choices: [a, b]
choices: {a: 1, b: [2]}
when: "model.x == 'a'"
otherwise: 1
on: model.x
cases: {a: 1, default: 2}
count: 3
item: {a: [1, 2]}
first: {a: 1}
last: {}
shared: [a]
constraints: [model.x < 3]
extends: search_space.yaml
tune: [training]
to: training.num_epochs
values: {50: 64}
high: model.x
'[*]': {}
<<: *a
? [a]
---
...
%YAML 1.1
- - -
{
}
[
]
&a
*a
|
>
|-
\t
#
: x
? x
''
""".splitlines()
_EXPRESSIONS = (
    *b"""\
@.out_dim
prev.out_dim
next.x
@
prev
model
model.gcn_net[*].out_dim
model.gcn_net[-99999999999].x
model.gcn_net[0:2].x
[*]
[0]
1 / 0
2 ** 9999999
max()
max([])
model.x if model.y else 1
not not not 1
'a' * 9999
len(model)
model['x']
model..x
__import__('os')
lambda: 0
1 < 2 < 3
a in [1, 2]
data.num_classes
sum(model.gcn_net[*].out_dim) // 2
""".splitlines(),
    b"-" * 300 + b"1",
    b"(" * 300,
    b"1" + b" + 1" * 300,
    b"9" * 900,
)
_TAGS = b"""\
!!python/object/apply:os.system
!!python/name:os.system
!!float
!!int
!!str
!!binary
!!map
!!seq
!!set
!!null
!
!x
!sweep
!coupled-sweep
!range
!random_uniform
!reference
!pyobject
!<>
!<tag:yaml.org,2002:str>
""".splitlines()
_BYTES = (
    *(b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"\x1b[31m", b"\r", b"\r\n"),
    *(b"\xe2\x80\xa8", b"\xc2\x85", b"\x7f", b"\xf0\x9f\x98\x80", b"\xcc\x81"),
)

Mutation = Callable[[bytes, random.Random, bytes], bytes]
"""A text, a source of chance, and the text of another file to borrow from -> a changed text."""


def mutated_project(seeds: list[Project], seed: int, number: int) -> Project:
    """Return input ``number`` of the run with this seed: the same for the same seeds, whatever ran before."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - a sequence that can be had again, no secret
    project = dict(chance.choice(seeds))
    for _ in range(min(8, 1 + int(chance.expovariate(0.7)))):
        # The tuning file is one of four, and its paths soon lead nowhere: it changes more seldom.
        names = [n for n in project if n.endswith(".yaml") and (n != "tuning.yaml" or chance.random() < 0.3)]
        if not names:
            continue
        name, other = chance.choice(names), chance.choice(seeds)
        lender = other.get(name) or other["tuning.yaml"]
        changed = chance.choice(MUTATIONS)(project[name], chance, lender)
        if len(changed) <= MAX_BYTES:
            project[name] = changed
    return project


def _put(text: bytes, start: int, end: int, piece: bytes) -> bytes:
    return text[:start] + piece + text[end:]


def _somewhere(text: bytes, chance: random.Random) -> int:
    return chance.randint(0, len(text))


def change_bytes(text: bytes, chance: random.Random, _: bytes) -> bytes:
    """Flip, remove, or put in a byte that text files seldom have."""
    place = _somewhere(text, chance)
    piece = chance.choice((b"", bytes([chance.randrange(256)]), chance.choice(_BYTES)))
    return _put(text, place, place + chance.randint(0, 2), piece)


def change_token(text: bytes, chance: random.Random, lender: bytes) -> bytes:
    """Replace, remove or repeat a word, a blank or a mark."""
    tokens = list(_TOKEN.finditer(text))
    if not tokens:
        return text
    token = chance.choice(tokens)
    others = _TOKEN.findall(lender) or [b""]
    piece = chance.choice((b"", token[0] * 2, chance.choice(tokens)[0], chance.choice(others)))
    return _put(text, *token.span(), piece)


def change_number(text: bytes, chance: random.Random, _: bytes) -> bytes:
    """Put an extreme in place of a number."""
    numbers = list(_NUMBER.finditer(text))
    return _put(text, *chance.choice(numbers).span(), chance.choice(_NUMBERS)) if numbers else text


def change_value(text: bytes, chance: random.Random, lender: bytes) -> bytes:
    """Put an expression, a word of the language or another value in place of a value."""
    values = list(_VALUE.finditer(text))
    if not values:
        return text
    others = _VALUE.findall(lender) or [b"null"]
    piece = chance.choice((chance.choice(_EXPRESSIONS), chance.choice(_NUMBERS), chance.choice(others)))
    quoted = b'"' + piece.replace(b'"', b"'") + b'"' if chance.random() < 0.5 else piece
    return _put(text, *chance.choice(values).span(), quoted)


def put_in_word(text: bytes, chance: random.Random, _: bytes) -> bytes:
    """Put in a word of the language, as a line or as an entry of a flow mapping."""
    word = chance.choice(_WORDS)
    places = [match.end() for match in re.finditer(rb"[{,]", text)]
    if places and chance.random() < 0.5:
        place = chance.choice(places)
        return _put(text, place, place, word + b", ")
    lines = text.splitlines(keepends=True)
    place = chance.randint(0, len(lines))
    near = lines[min(place, len(lines) - 1)] if lines else b""
    return b"".join([*lines[:place], _indent(near) + word + b"\n", *lines[place:]])


def change_lines(text: bytes, chance: random.Random, _: bytes) -> bytes:
    """Remove, repeat, exchange, indent or join lines."""
    lines = text.splitlines(keepends=True)
    if len(lines) < 2:
        return text
    first, second = (chance.randrange(len(lines)) for _ in range(2))
    kind = chance.randrange(5)
    if kind == 0:
        del lines[min(first, second) : min(first, second) + chance.randint(1, 3)]
    elif kind == 1:
        lines.insert(second, lines[first])
    elif kind == 2:
        lines[first], lines[second] = lines[second], lines[first]
    elif kind == 3:
        lines[first] = chance.choice((b" " + lines[first], b"  " + lines[first], lines[first].lstrip()))
    else:
        lines[first] = lines[first].rstrip(b"\r\n") + b" "
    return b"".join(lines)


def _indent(line: bytes) -> bytes:
    return line[: len(line) - len(line.lstrip(b" "))]


def _subtree(text: bytes, chance: random.Random) -> tuple[int, int, list[bytes]]:
    """Return the lines of a random key and of all that stands below it, and where they begin and end."""
    lines = text.splitlines(keepends=True)
    if not lines:
        return 0, 0, []
    first = chance.randrange(len(lines))
    end = first + 1
    while end < len(lines) and (
        not lines[end].strip() or len(_indent(lines[end])) > len(_indent(lines[first]))
    ):
        end += 1
    return first, end, lines


def swap_subtree(text: bytes, chance: random.Random, lender: bytes) -> bytes:
    """Put a subtree of another file in place of one of this, at this one's indent, or beside it."""
    first, end, lines = _subtree(text, chance)
    start, stop, borrowed = _subtree(lender, chance)
    if not borrowed or not lines:
        return lender
    gone, wanted = len(_indent(borrowed[start])), _indent(lines[first])
    pieces = [wanted + line[gone:] if line.strip() else line for line in borrowed[start:stop]]
    return b"".join([*lines[: chance.choice((first, end))], *pieces, *lines[end:]])


def give_key_twice(text: bytes, chance: random.Random, _: bytes) -> bytes:
    """Give one key the name of another, of an index, or of nothing."""
    keys = list(_KEY.finditer(text))
    if not keys:
        return text
    name = chance.choice(
        (chance.choice(keys)[2], b"0", b"'[*]'", b"''", b"true", b"'a.b'", b"<<", b"'model.x[0]'")
    )
    return _put(text, *chance.choice(keys).span(2), name)


def nest(text: bytes, chance: random.Random, _: bytes) -> bytes:
    """Wrap a value in lists or mappings, at most a few thousand levels deep."""
    values = list(_VALUE.finditer(text))
    depth = chance.choice((1, 1, 1, 2, 2, 3, 50, 98, 101, 1000, 5000))
    opening, closing = chance.choice(((b"[", b"]"), (b"{a: ", b"}"), (b"[1, ", b"]"), (b"- ", b"")))
    if not values:
        return opening * depth + b"1" + closing * depth + b"\n" + text
    value = chance.choice(values)
    return _put(text, *value.span(), opening * depth + value[0] + closing * depth)


def tag(text: bytes, chance: random.Random, _: bytes) -> bytes:
    """Put a tag before a value."""
    places = [match.end() for match in re.finditer(rb": |- |\[|, ", text)]
    place = chance.choice(places) if places else 0
    return _put(text, place, place, chance.choice(_TAGS) + b" ")


def anchor(text: bytes, chance: random.Random, _: bytes) -> bytes:
    """Put an anchor before a value, and aliases to it in place of others."""
    places = [match.end() for match in re.finditer(rb":(?=[ \n])", text)]
    if not places:
        return text
    place = chance.choice(places)
    text = _put(text, place, place, b" &a")
    for __ in range(chance.randint(0, 3)):
        values = list(_VALUE.finditer(text))
        if values:
            text = _put(text, *chance.choice(values).span(), b"*a")
    return text


def take_another_file(_: bytes, __: random.Random, lender: bytes) -> bytes:
    """Take the same file of another project."""
    return lender


def repeat_items(text: bytes, chance: random.Random, _: bytes) -> bytes:
    """Repeat a subtree many times."""
    first, end, lines = _subtree(text, chance)
    return b"".join([*lines[:first], *(lines[first:end] * chance.choice((2, 3, 50, 500))), *lines[end:]])


MUTATIONS: tuple[Mutation, ...] = (
    change_bytes,
    change_token,
    change_token,
    change_number,
    change_number,
    change_value,
    change_value,
    put_in_word,
    put_in_word,
    change_lines,
    swap_subtree,
    swap_subtree,
    give_key_twice,
    nest,
    tag,
    anchor,
    take_another_file,
    repeat_items,
)
