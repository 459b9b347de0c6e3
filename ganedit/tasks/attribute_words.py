"""Attributes in plain words: "smiling woman, long red hair, round glasses" against a table of attributes and values.

Words are compared by their letters first, then, for those that are left, by the meaning that a sentence encoder sees
in them. What was understood, and what was not, is told: nothing is passed over in silence.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ganedit.errors import cut
from ganedit.models.conditions import Table
from ganedit.models.text import TextEncoder

NONE = "none"
"""The value of an attribute that a picture lacks."""

_ALIKE = 0.8  # share of letters that "smiling" and "smile" have in common without their endings, about
_NEAR = 0.55  # cosine from which two words mean the like: "cheerful" and "happy"
_BOTH = 2  # attributes that one word may be about without being asked which
_STOP = frozenset(
    ("a", "an", "as", "at", "by", "for", "has", "have", "having", "her", "his", "is", "it", "its", "of", "or")
)
_STOP |= {"that", "the", "their", "to", "wears"}
_NOT = frozenset(("no", "without", "not"))
_ENDINGS = ("ing", "ed", "es", "s", "e", "y")


@dataclass(frozen=True)
class Found:
    """What a text says.

    Attributes:
        values: by attribute; several attributes may stand for one word, where each of them has it.
        notes: sentences for the reader.
    """

    values: dict[str, Sequence[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find_attributes(text: str, table: Table, encoder: Callable[[], TextEncoder]) -> Found:
    """Read attributes out of words.

    Args:
        text: any; commas and "with" divide it into phrases, each about one or a few attributes.
        table: values by attribute.
        encoder: loads the sentence encoder; called only for words that no letters explain.
    """
    values: dict[str, Sequence[str]] = {}
    unknown: list[str] = []
    unclear: dict[str, list[str]] = {}
    for phrase in _phrases(text):
        said = _Phrase(phrase, table)
        values |= {name: [value] for name, value in said.values.items()}
        unknown += said.left
        unclear |= said.unclear
    unknown = list(dict.fromkeys(unknown))
    guesses = _by_meaning(unknown, table, encoder) if unknown else {}
    values |= {name: [value] for name, value in guesses.values() if name not in values}
    notes = []
    if values:
        notes.append("Understood as " + ", ".join(f"{name}: {each[0]}" for name, each in values.items()) + ".")
    if missed := [word for word in unknown if word not in guesses]:
        notes.append(f"Nothing here is called {cut(', '.join(missed))}, so that was passed over.")
    notes += [f"{word.capitalize()} may be {' or '.join(names)}: say which." for word, names in unclear.items()]
    return Found(values, tuple(notes))


def _phrases(text: str) -> Iterator[list[str]]:
    for part in re.split(r"[,;.]|\b(?:and|with|wearing|in|on)\b", text.lower()):
        found = dict.fromkeys(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", part))
        words = [word for word in found if word not in _STOP]
        if "without" in part:
            words = ["without", *(word for word in words if word != "without")]
        if words:
            yield words


def _stem(word: str) -> str:
    ending = next((end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) > 2), "")
    return word.removesuffix(ending)


def _same(a: str, b: str) -> bool:
    if a == b or _stem(a) == _stem(b):
        return True
    letters, least = difflib.SequenceMatcher(None, a, b), 1 - (1 - _ALIKE) / 2
    # Most pairs differ by their lengths or sets of letters alone, which is found a hundred times as fast.
    return letters.real_quick_ratio() > least and letters.quick_ratio() > least and letters.ratio() > least


@dataclass(frozen=True)
class _Match:
    """A value whose words are all in the phrase.

    Attributes:
        words: those of the phrase that it matched.
        named: words of the phrase that name its attribute.
    """

    name: str
    value: str
    words: frozenset[str]
    named: frozenset[str]


class _Phrase:
    """What one phrase says.

    Attributes:
        values: one by attribute.
        unclear: attributes that a word may be about, by word.
        left: words that were of no use.
    """

    def __init__(self, words: Sequence[str], table: Table) -> None:
        self._words, self._table = words, table
        self._negated = words[0] in _NOT
        self.values: dict[str, str] = {}
        self.unclear: dict[str, list[str]] = {}
        used = {word for group in self._groups() for word in self._take(group)}
        used |= self._take_bare(used)
        mentioned = {word for name in table for word in self._naming(name)}
        self.left = [word for word in words if word not in used | mentioned | _NOT]

    def _groups(self) -> list[list[_Match]]:
        """Matches of the same words together, those of most words and of fewest attributes first.

        A match of some of the words of a longer one is out.
        """
        found = [match for name in self._table for match in self._matches(name)]
        longest = [each for each in found if not any(each.words < other.words for other in found)]
        groups: dict[frozenset[str], list[_Match]] = {}
        for match in longest:
            groups.setdefault(match.words, []).append(match)
        return sorted(groups.values(), key=lambda group: (-len(group[0].words), len(group)))

    def _matches(self, name: str) -> Iterator[_Match]:
        exact_first = sorted(
            self._table[name],
            key=lambda value: (not all(word in self._words for word in value.split()), -len(value.split())),
        )
        for value in exact_first:
            words = [self._find(word) for word in value.split()]
            if value != NONE and all(words):
                yield _Match(name, value, frozenset(filter(None, words)), frozenset(self._naming(name)))
                return

    def _take(self, group: Sequence[_Match]) -> set[str]:
        """Choose among attributes that have the same word as a value: those that the phrase is about, if it says so.

        "Red" of "red hair" is no color of clothes; a face may be sad by its mouth and by its eyebrows.
        """
        about = [match for match in group if match.named] or [match for match in group if self._is_about(match.name)]
        if not about and len(group) > _BOTH:
            self.unclear |= {word: [match.name for match in group] for word in group[0].words}
        elif not about:
            about = list(group)
        for match in about:
            is_none = self._negated and NONE in self._table[match.name]
            self.values.setdefault(match.name, NONE if is_none else match.value)
        return {word for match in group for word in match.words | match.named}

    def _is_about(self, name: str) -> bool:
        """Whether a value of an attribute with a part of that name was found: a sweater is what clothes color is of."""
        return any(set(name.split()) & set(other.split()) for other in self.values)

    def _take_bare(self, used: set[str]) -> set[str]:
        """Attributes that are named without a value: "glasses" are some glasses, "no beard" is none."""
        taken: set[str] = set()
        for name, values in self._table.items():
            named = self._naming(name)
            if NONE in values and len(named) == len(name.split()) and not named <= used:
                some = next(value for value in values if value != NONE)
                self.values.setdefault(name, NONE if self._negated else some)
                taken |= named
        return taken

    def _find(self, word: str) -> str | None:
        return next((each for each in self._words if _same(each, word)), None)

    def _naming(self, name: str) -> set[str]:
        """Words of the phrase that name an attribute: "hair" does "hair" and "hair color"."""
        return {found for word in name.split() if (found := self._find(word))}


def _by_meaning(
    words: Sequence[str], table: Table, encoder: Callable[[], TextEncoder]
) -> Mapping[str, tuple[str, str]]:
    """Find the attribute and value nearest in meaning to each word, if one is near."""
    pairs = [(name, value) for name, values in table.items() for value in values if value != NONE]
    vectors = encoder().encode([*words, *(f"{value} {name}" for name, value in pairs), *(value for _, value in pairs)])
    said, meant, alone = np.split(vectors, [len(words), len(words) + len(pairs)])
    near = np.maximum(said @ meant.T, said @ alone.T)
    return {word: pairs[int(row.argmax())] for word, row in zip(words, near, strict=True) if float(row.max()) >= _NEAR}
