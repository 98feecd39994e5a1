"""What the words of a reply mean. Pure.

Only a first word that we asked for, in a short reply or beside a code, is taken as an answer: 'No one opens the
door, what now?' is a note for the desk, not a refusal.
"""

import re
from collections.abc import Collection
from typing import Literal

import msgspec

Word = Literal["coming", "cannot", "done"]

_WORDS: dict[str, Word] = {
    **dict.fromkeys(("coming", "come", "yes", "y", "accept", "accepted", "ok", "okay", "going", "omw"), "coming"),
    **dict.fromkeys(("cannot", "cant", "can't", "no", "n", "not", "decline", "declined", "busy", "unable"), "cannot"),
    **dict.fromkeys(("done", "finished", "closed", "sorted"), "done"),
}
_PHRASES: dict[tuple[str, ...], Word] = {("on", "my", "way"): "coming", ("i", "am", "coming"): "coming"}
_SHORT = 2
_CODE_ALONE = re.compile(r"^\W*(?:[^\W\d]+\W+)?(\d{4})\W*$")


class Meaning(msgspec.Struct, frozen=True):
    """What a reply says: a word we asked for, if it is one, and the code it names, if it names one."""

    word: Word | None
    code: str | None


def read(body: str, codes: Collection[str]) -> Meaning:
    """Read a reply, knowing the codes that were sent to its number."""
    text = body.replace("\u2019", "'").lower()
    code = _code(text, codes)
    words = tuple(re.findall(r"[a-z']+", text))
    for phrase, meaning in _PHRASES.items():
        if words[: len(phrase)] == phrase:
            return Meaning(meaning, code)
    word = _WORDS.get(words[0]) if words else None
    if not words and code is not None:
        return Meaning("coming", code)  # the code alone, as people do who were asked for one
    plain = word == "done" or code is not None or len(words) <= _SHORT
    return Meaning(word if plain else None, code)


def _code(text: str, codes: Collection[str]) -> str | None:
    """Return the code named: one that was sent, or what can only be meant as one."""
    named: list[str] = re.findall(r"(?<!\d)\d{4}(?!\d)", text)
    known = next((each for each in named if each in codes), None)
    if known is not None:
        return known
    alone = _CODE_ALONE.match(text)
    return str(alone[1]) if alone else None
