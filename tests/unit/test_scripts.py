from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from functions.studio.catalogue import catalogue
from functions.studio.errors import NarrationFailed
from functions.studio.listings import Listing
from functions.studio.scripts import Script, as_given, invented, most_letters, question, target, written
from functions.studio.services import Language, Seen

LISTING = Listing(
    title="2020 Toyota Camry",
    description="Spacious family car with low mileage. One owner.",
    category="automotive",
    price=Decimal("18500"),
)
GOOD = {
    "hook": "Looking for a family car?",
    "body": "This 2020 Toyota Camry is spacious, has had one owner, and its mileage is low. It is ready for your next trip.",
    "callToAction": "Come and see it today, for $18,500.",
}
ONE = Decimal(1)


def language(name: str = "en") -> Language:
    found = catalogue().narrators.language(name)
    assert found is not None
    return found


class Model:
    """Answers with the next of `answers`, and keeps what it was asked."""

    def __init__(self, *answers: Any, stopped: str = "stop", refusal: str | None = None) -> None:
        self.answers = list(answers)
        self.asked: list[list[dict[str, Any]]] = []
        self.stopped, self.refusal = stopped, refusal

    def __call__(self, messages: list[dict[str, Any]]) -> Seen:
        self.asked.append(messages)
        said = self.answers.pop(0)
        return Seen(said if isinstance(said, str) else json.dumps(said), self.refusal, self.stopped, 100, 50)


def script(model: Model, listing: Listing = LISTING, name: str = "en") -> Script:
    return written(listing, language(name), ONE, model)


def test_a_good_answer_is_the_script_and_asked_for_once() -> None:
    model = Model(GOOD)
    made = script(model)
    assert made.text == " ".join(GOOD.values())
    assert (made.words, made.warnings, len(model.asked)) == (34, [], 1)
    assert made.seconds == pytest.approx(34 / 2.6, abs=0.01)


def test_the_words_asked_for_fit_the_length_of_the_film_and_the_pace_of_the_voice() -> None:
    assert target(LISTING, language(), ONE) == 39
    assert target(LISTING, language(), Decimal("1.5")) == 58
    assert target(LISTING.model_copy(update={"target_seconds": 30}), language(), ONE) == 78
    assert "about 39 words" in question(LISTING, language(), 39)[1]["content"]


def test_the_question_has_the_whole_listing_and_its_language() -> None:
    asked = question(LISTING.model_copy(update={"language": "pt-BR"}), language("pt"), 38)[1]["content"]
    for fact in ("2020 Toyota Camry", "One owner", "Automotive", "$18,500", "Portuguese (pt-BR)"):
        assert fact in asked


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ({**GOOD, "body": "Fine car."}, "about 39 words are wanted, and it has 14"),
        ({**GOOD, "hook": "Only 9,999 miles!"}, "it says 9,999, which the listing does not"),
        ({**GOOD, "hook": ""}, "its hook is empty"),
        ({"hook": "Only this"}, "the answer does not follow the schema"),
        ("no JSON at all", "the answer does not follow the schema"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_asked_for_again_once_with_what_is_wrong(first: Any, told: str) -> None:
    model = Model(first, GOOD)
    assert script(model).text == " ".join(GOOD.values())
    assert told in model.asked[1][-1]["content"]
    assert len(model.asked) == 2


def test_a_sentence_with_a_figure_that_was_never_given_is_left_out_and_that_is_said() -> None:
    bad = {**GOOD, "body": f"It has 40 miles. {GOOD['body']}"}
    made = script(Model(bad, bad))
    assert "40" not in made.text
    assert made.warnings == ["script: “It has 40 miles.” (40 is not of the listing) was left out."]


def test_a_price_is_never_invented_where_none_was_given() -> None:
    free = LISTING.model_copy(update={"price": None})
    made = script(Model(GOOD, GOOD), free)
    assert "18,500" not in made.text
    assert made.text.startswith(GOOD["hook"])


def test_a_script_that_stays_too_long_loses_sentences_of_its_body() -> None:
    long = {**GOOD, "body": "It is a very good car for you and all of yours. " * 9}
    made = script(Model(long, long))
    assert 39 * 1.4 >= made.words > 39
    assert made.text.endswith(GOOD["callToAction"])
    assert all("it is too long" in warning for warning in made.warnings)


@pytest.mark.parametrize("stopped", ["length", "no reason"])
def test_answers_that_are_not_whole_are_no_script(stopped: str) -> None:
    with pytest.raises(NarrationFailed, match="could not be written: the answer is not whole: it stopped for"):
        script(Model("{", "{", stopped=stopped))


def test_a_refusal_is_not_asked_for_again() -> None:
    model = Model("", refusal="I cannot help with that.")
    with pytest.raises(NarrationFailed, match="the model refused: I cannot help with that"):
        script(model)
    assert len(model.asked) == 1


def test_an_answer_that_the_filter_stopped_is_not_asked_for_again() -> None:
    model = Model("", stopped="content_filter")
    with pytest.raises(NarrationFailed, match="the service's filter stopped the answer"):
        script(model)
    assert len(model.asked) == 1


def test_of_two_answers_with_faults_the_second_is_mended_and_of_one_that_cannot_be_read_the_first() -> None:
    short = {**GOOD, "body": "Fine car, really."}
    assert script(Model(short, {**GOOD, "body": "Good car, honest."})).text.count("honest") == 1
    assert script(Model(short, "nothing")).text.count("really") == 1


def test_what_cannot_be_spoken_is_taken_out() -> None:
    made = script(Model({**GOOD, "hook": "**Looking** for a car 🚗\n\nright now"}, GOOD))
    assert made.text.startswith("Looking for a car right now. ")


def test_a_given_script_is_used_word_for_word() -> None:
    given = LISTING.model_copy(update={"script": "  Buy it\nfor 1 dollar. 😀 "})
    assert as_given(given, language(), ONE).text == "Buy it for 1 dollar. 😀"
    assert most_letters(given, language(), ONE) == len("  Buy it\nfor 1 dollar. 😀 ")


def test_a_given_script_without_words_is_none() -> None:
    with pytest.raises(NarrationFailed, match="has no words"):
        as_given(LISTING.model_copy(update={"script": " … "}), language(), ONE)


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("It is from 2020 and costs 18500.", []),
        ("Costs 18,500 or 18.500,00 or $18500.00.", []),
        ("Costs 18,499.", ["18,499"]),
        ("Call 555-1234 in 2021.", ["555", "1234", "2021"]),
        ("سعرها ١٨٥٠٠ فقط", []),
        ("Seven good reasons", []),
    ],
)
def test_figures_are_those_of_the_listing_however_they_are_written(text: str, strange: list[str]) -> None:
    assert invented(text, LISTING) == strange


def test_parts_of_a_language_without_blanks_are_joined_without() -> None:
    model = Model(
        {"hook": "看看这盏灯", "body": "它很亮，很温暖，也很安静，" * 4 + "适合每个家", "callToAction": "现在就来吧"}
    )
    made = script(model, LISTING.model_copy(update={"language": "zh"}), "zh")
    assert made.text.startswith("看看这盏灯。它很亮")
    assert made.text.endswith("适合每个家。现在就来吧。")
