from __future__ import annotations

from bench.child import for_the_page


def test_a_fault_on_the_page_names_no_path_of_the_machine() -> None:
    error = FileNotFoundError(2, "No such file or directory", "/srv/work/file.csv")
    assert for_the_page(error) == "FileNotFoundError: [Errno 2] No such file or directory: '…'"


def test_rates_and_addresses_are_no_paths() -> None:
    assert for_the_page(ValueError("9 rows/s from https://127.0.0.1:99/api")) == (
        "ValueError: 9 rows/s from https://127.0.0.1:99/api"
    )


def test_a_fault_without_words_is_named() -> None:
    assert for_the_page(TimeoutError()) == "TimeoutError."
