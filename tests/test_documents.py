"""Reading YAML that people wrote."""

from __future__ import annotations

import pytest

from aevatar.documents import read_yaml
from aevatar.errors import Rejected


def test_words_times_and_dates_stay_what_they_look_like() -> None:
    text = "on: yes\nat: 12:30\nday: 2020-01-01\noctal: 010\nexact: 0.5\ncount: -3\nnothing: ~\ntruth: true\n"
    assert read_yaml(text, what="a file") == {
        "on": "yes",
        "at": "12:30",
        "day": "2020-01-01",
        "octal": "010",
        "exact": 0.5,
        "count": -3,
        "nothing": None,
        "truth": True,
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3", "a file: the key 'a' comes twice (line 3, column 1)"),
        ("a: &x 1\nb: *x", "a file: anchors, aliases and tags are not allowed (line 1, column 4)"),
        ("a: !!python/object:os.system x", "a file: anchors, aliases and tags are not allowed (line 1, column 4)"),
        ("? [1, 2]\n: x", "a file: a key is a single word (line 1, column 3)"),
        ("\0garbage", "a file: control characters are not allowed"),
    ],
)
def test_what_would_surprise_is_refused_in_one_line(text: str, told: str) -> None:
    with pytest.raises(Rejected) as refused:
        read_yaml(text, what="a file")
    assert (refused.value.code, refused.value.message) == ("invalid_yaml", told)
