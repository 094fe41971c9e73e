"""What VET311 and VET313 advise, where one advice does not fit all."""

from __future__ import annotations

import pytest

from helpers import check


def messages(text: str) -> list[str]:
    return [finding.message for finding in check(text)]


@pytest.mark.parametrize(
    ("imports", "advice"),
    [
        ("asyncio", "await asyncio.to_thread(list, os.walk('a'))"),
        ("trio", "await trio.to_thread.run_sync(list, os.walk('a'))"),
        ("anyio", "await anyio.to_thread.run_sync(list, os.walk('a'))"),
    ],
)
def test_the_thread_has_to_do_the_iteration(imports: str, advice: str) -> None:
    text = f"import os\nimport {imports}\nasync def f():\n    for each in os.walk('a'):\n        print(each)\n"
    assert advice in messages(text)[0]


def test_what_goes_with_an_opened_file_says_so() -> None:
    text = "import tarfile\nasync def f():\n    with tarfile.open('a') as tar:\n        tar.extractall('b')\n"
    first, second = check(text)
    assert (str(first.confidence), str(second.confidence)) == ("medium", "low")
    assert second.steps[-1].text == "the call that opened the file is reported: this goes with it"
