"""One typing error: a letter too many, too few, another one, or two swapped."""

from __future__ import annotations

FIRST_WITH_TYPOS = 4
"""Letters from which on a word may have one."""


def pattern(word: str, *, goes_on: bool) -> str:
    """A regular expression of all that ``word`` (letters and digits) may mean with one error; none below four letters.

    Args:
        word: folded.
        goes_on: whether more letters may follow what was typed.
    """
    end = ".*" if goes_on else ""
    if len(word) < FIRST_WITH_TYPOS:
        return word + end
    places = range(len(word))
    forms = {f"{word[:at]}.?{word[at + 1 :]}" for at in places}
    forms |= {f"{word[:at]}.{word[at:]}" for at in [*places, len(word)]}
    forms |= {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[:-1]}
    return f"(?:{'|'.join(sorted(forms))}){end}"


def edits(typed: str, word: str, *, goes_on: bool) -> int:
    """Errors between what was typed and a word, or the part of it that was typed so far; 2 stands for all above 1.

    Swapped neighbours are one error (Damerau and Levenshtein, restricted to one edit at a place).
    """
    before, row = [0] * (len(word) + 1), list(range(len(word) + 1))
    for i, letter in enumerate(typed, start=1):
        older, before = before, row
        row = [i]
        for j, other in enumerate(word, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == other:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return min(2, min(row) if goes_on else row[-1])
