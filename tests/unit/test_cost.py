"""The tables of docs/cost.md follow from its inputs."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from bench.cost.case_cost import PRICES_USD, CaseCost

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).parents[2] / "docs" / "cost.md").read_text(encoding="utf-8")
INPUTS = {
    name: float(value) for name, value in re.findall(r"^\| `(\w+)` \| ([\d.]+) \| ", PAGE, re.MULTILINE)
}
# Setting -> seconds of a page, image and text vectors of it.
SETTINGS = {
    "born-digital PDFs": ("born_digital_page_s", 0, 0),
    "scans": ("scan_page_s", 0, 0),
    "scans, second pass": ("second_pass_page_s", 0, 0),
    "image files, with image vectors": ("scan_page_s", 1, 0),
    "born-digital PDFs, with text vectors": ("born_digital_page_s", 0, 1),
    "scans, second pass, with text vectors": ("second_pass_page_s", 0, 1),
}


def machine(seconds: str, hourly: str) -> float:
    """A million pages on instances at an hourly price of a vCPU."""
    page_s = INPUTS[seconds] + INPUTS["document_s"] / INPUTS["pages_per_document"]
    hours = page_s * 1e6 / 3600 / INPUTS["busy_share"]
    return hours * (INPUTS[hourly] + INPUTS["volume_vcpu_hour"])


def calls() -> float:
    """Requests and log of a million pages."""
    document = (
        INPUTS["s3_puts_per_document"] * INPUTS["s3_thousand_puts"] / 1e3
        + INPUTS["s3_gets_per_document"] * INPUTS["s3_thousand_gets"] / 1e3
        + INPUTS["sqs_requests_per_document"] * INPUTS["sqs_million_requests"] / 1e6
        + INPUTS["dynamodb_writes_per_document"] * INPUTS["dynamodb_million_writes"] / 1e6
        + INPUTS["dynamodb_reads_per_document"] * INPUTS["dynamodb_million_reads"] / 1e6
    )
    return document * 1e6 / INPUTS["pages_per_document"] + INPUTS["log_kb_per_page"] * INPUTS["log_gigabyte"]


def models(images: int, texts: int) -> float:
    """Embeddings of a million pages."""
    return (
        images * 1e3 * INPUTS["image_thousand"]
        + texts * INPUTS["tokens_per_page"] * INPUTS["text_million_tokens"]
    )


def row(setting: str) -> str:
    seconds, images, texts = SETTINGS[setting]
    spot, on_demand = machine(seconds, "spot_vcpu_hour"), machine(seconds, "on_demand_vcpu_hour")
    others = calls() + models(images, texts)
    figures = (spot, calls(), models(images, texts), spot + others, on_demand + others)
    return f"| {setting} | {' | '.join(f'{figure:.2f}' for figure in figures)} |"


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_s_row_follows_from_the_inputs(setting: str) -> None:
    assert row(setting) in PAGE.splitlines()


def test_the_comparison_and_the_storage_follow_from_the_inputs() -> None:
    ours = machine("second_pass_page_s", "spot_vcpu_hour") + calls()
    theirs = INPUTS["managed_thousand_pages"] * 1e3
    assert f"| price | {ours:.0f} | {theirs:,.0f} |" in PAGE.splitlines()
    storage = INPUTS["result_kb_per_page"] * INPUTS["s3_gigabyte_month"]
    assert f"Keeping the results: {storage:.2f} a month" in PAGE


KINDS = re.findall(r"^\| ([^|]+) ((?:\| \d+ ){7})\| (\d\.\d{4}) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("kind", "counts", "usd"), KINDS, ids=[kind for kind, *_ in KINDS])
def test_the_price_of_a_document_follows_from_its_calls(kind: str, counts: str, usd: str) -> None:
    puts, gets, requests, writes, reads, _, pictures = (int(count) for count in counts.split("|")[1:])
    cost = CaseCost(
        calls=Counter(
            {
                ("s3", "PutObject"): puts,
                ("s3", "GetObject"): gets,
                ("sqs", "all"): requests,
                ("dynamodb", "UpdateItem"): writes,
                ("dynamodb", "GetItem"): reads,
            }
        ),
        pictures=pictures,
    )
    assert f"{1_000 * cost.usd:.4f}" == usd, kind


def test_the_page_prices_as_the_bench_does_and_has_each_kind() -> None:
    assert {name: INPUTS[name] for name in PRICES_USD} == PRICES_USD
    assert len(KINDS) >= 7


def test_every_input_is_used_and_the_page_names_its_date() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in INPUTS if f'"{name}"' not in source] == []
    assert len(INPUTS) > 20
    assert "November 2026" in PAGE
