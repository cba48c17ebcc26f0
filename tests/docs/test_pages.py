"""Each page's commands, in their order; and that none of them is left out without a word."""

import subprocess

import pytest

from pages import BLOCK, PAGES, REPOSITORY, blocks_of


@pytest.mark.parametrize("page", [page for page in PAGES if any(not b.skipped for b in blocks_of(page))])
def test_a_page_does_what_it_says(page, reader):
    if "debian:bookworm-slim" in (REPOSITORY / page).read_text():
        reader.bring_base_image()
    problem = reader.follow(page)
    assert not problem, problem


@pytest.mark.parametrize("page", PAGES)
def test_what_is_not_run_is_a_shells_language_at_least(page):
    for block in blocks_of(page):
        done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
        assert done.returncode == 0, f"{page}:{block.line}: {done.stderr}"


def test_every_fence_of_commands_is_found():
    for page in PAGES:
        text = (REPOSITORY / page).read_text()
        assert len(list(BLOCK.finditer(text))) == text.count("\n```sh\n"), page
