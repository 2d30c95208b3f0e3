"""The documentation runs: every block of every page is executed, compared with an executed file, or parsed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.snippets import ROOT, BrokenSnippet, check_page

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
async def test_every_block_of_the_page_is_true(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await check_page(page)


async def test_blocks_of_a_page_share_their_names_and_may_await(tmp_path: Path) -> None:
    await check_page(
        page_with(
            tmp_path,
            "```python\nimport anyio\nseen = [1]\n```\n",
            "```python\nawait anyio.sleep(0)\nassert seen == [1]\n```\n",
        )
    )


async def test_a_failing_block_is_reported_with_the_line_of_the_page(tmp_path: Path) -> None:
    page = page_with(tmp_path, "# Title\n\n```python\nfine = 1\nfine / 0\n```\n")
    with pytest.raises(ZeroDivisionError) as failure:
        await check_page(page)
    assert (Path(failure.traceback[-1].path), failure.traceback[-1].lineno + 1) == (page, 5)


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("```console\n$ make coffee\n```\n", "make has no target ['coffee']"),
        ("```console\n$ rm -rf build\n```\n", "nobody checks the command 'rm'"),
        ("```console\n$ curl https://example.com\n```\n", "curl must address the local server, not {'example.com'}"),
        ("```console\n$ pip install 'aevatar[magic]'\n```\n", "there is no extra ['magic']"),
        ("```console\n$ python examples/none.py\n```\n", "there is no 'examples/none.py' to run"),
        ("```json\n{'a': 1}\n```\n", "is not json"),
        ("```\nanything\n```\n", "nobody checks 'a block without a language': name a file"),
        ("```rust\nfn main() {}\n```\n", "nobody checks 'rust': name a file"),
        ("```python skip\nx = 1\n```\n", "'skip' is no option, only file=<path> is"),
        ("```python file=nowhere.py\nx = 1\n```\n", "there is no nowhere.py"),
        ("```python file=tests/docs/snippets.py\nimport nothing\n```\n", "differs from tests/docs/snippets.py"),
    ],
)
async def test_a_block_that_is_not_true_is_refused(tmp_path: Path, block: str, reason: str) -> None:
    page = page_with(tmp_path, block)
    with pytest.raises(BrokenSnippet) as refused:
        await check_page(page)
    assert str(refused.value).startswith(f"{page}:2: {reason}")


async def test_a_block_that_stands_in_its_file_is_accepted(tmp_path: Path) -> None:
    await check_page(page_with(tmp_path, "```python file=tests/docs/snippets.py\nimport ast\nimport inspect\n```\n"))


async def test_commands_that_exist_are_accepted(tmp_path: Path) -> None:
    await check_page(
        page_with(tmp_path, "```console\n$ CI=true make test \\\n    ARGS=-q\n$ make lint  # then this\nfine\n```\n")
    )


def page_with(folder: Path, *blocks: str) -> Path:
    page = folder / "page.md"
    page.write_text("\n".join(blocks), encoding="utf-8")
    return page
