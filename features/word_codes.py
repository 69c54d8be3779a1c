"""Words as numbers: a code per word that no other word, engine or day can change.

A code is the beginning of the word's MD5, so it needs no vocabulary: a word that comes later moves
no older one, and a model knows a word again whatever histories it learned from. Numbers have no
order; the trees take them as categories (`training.models.categories`).
"""

import hashlib

CODE_UNIT = "code"
"""The unit, and so the last word of the name, of a feature whose value is a word's code."""

_DIGITS = 10  # of 16: a code and the minute of the day before it fit in a double, which has 53 bits
CODES = 16**_DIGITS
"""Every code lies below; two of a thousand words share one once in two million businesses."""


def is_word(feature_name: str) -> bool:
    """Whether a feature's value is the code of a word.

    >>> is_word("country_code"), is_word("tenure_days")
    (True, False)
    """
    return feature_name.endswith(f"_{CODE_UNIT}")


def code_of(word: str) -> int:
    """The code of a word.

    >>> code_of("web")
    160652717207
    """
    digest = hashlib.md5(word.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:_DIGITS], 16)


def word_sql(column: str) -> str:
    """Minute of the day and code of a column as one number, in SQL; NULL of what is missing.

    It is one text for every engine; the larger number is the later word, its rest by `CODES` the
    code.
    """
    # Spark multiplies 32-bit integers as such, and overflows.
    digits = (
        f"CAST(INSTR('0123456789abcdef', SUBSTR(MD5({column}), {place}, 1)) - 1 AS BIGINT) "
        f"* {16 ** (_DIGITS - place)}"
        for place in range(1, _DIGITS + 1)
    )
    return f"COALESCE(minute, 0) * {CODES} + {' + '.join(digits)}"
