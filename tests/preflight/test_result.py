"""The face of the preflight: kinds of batches and losses, the table, the JSON, what is refused."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

torch = pytest.importorskip("torch")
jsonschema = pytest.importorskip("jsonschema")

from tests.preflight import models  # noqa: E402
from torch import nn  # noqa: E402

import descentry  # noqa: E402
from descentry.preflight.answer import Answer, Verdict, fault, ok  # noqa: E402
from descentry.preflight.checks.initial_loss import InitialLoss  # noqa: E402
from descentry.preflight.checks.targets import TargetsShifted  # noqa: E402
from descentry.preflight.setup import Setup  # noqa: E402
from descentry.record.errors import UsageError  # noqa: E402
from descentry.report.schemas import schema  # noqa: E402


class WithLoss(models.Gpt):
    """Gives (logits, loss), as many small GPTs do."""

    def forward(self, tokens: Any, targets: Any = None) -> Any:
        logits = super().forward(tokens)
        return logits, None if targets is None else models.cross_entropy(logits, targets)


class Broken:
    """A check that raises."""

    id: ClassVar[str] = "broken"
    title: ClassVar[str] = "broken"

    def run(self, setup: Setup) -> Answer:
        del setup
        raise ValueError("odd\x1b[31m")


@dataclass(frozen=True)
class Fixed:
    """A check that answers what it was told to."""

    answer: Answer
    id: str = "fixed"
    title: str = "fixed"

    def run(self, setup: Setup) -> Answer:
        del setup
        return self.answer


def model_loss(model: Any, batch: Any) -> Any:
    return models.cross_entropy(model(batch["ids"]), batch["wanted"])


def shapes() -> list[tuple[Any, Any, Any]]:
    tokens, targets = models.tokens()
    model, whole = models.gpt()["model"], WithLoss()
    return [
        (model, (tokens, targets), models.cross_entropy),
        (model, [tokens, targets], models.cross_entropy),
        (model, {"tokens": tokens, "y": targets}, models.cross_entropy),
        (model, {"ids": tokens, "wanted": targets}, model_loss),
        (whole, (tokens, targets), None),
        (whole, {"tokens": tokens, "targets": targets}, None),
        (model, tokens, lambda out, ids: models.cross_entropy(out[:, :-1], ids[:, 1:])),
    ]


@pytest.mark.parametrize("at", range(7))
def test_batches_and_losses_of_every_kind_are_understood(at: int) -> None:
    model, batch, loss_fn = shapes()[at]
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    result = descentry.preflight(model, optimizer, batch, loss_fn, checks=[InitialLoss(), TargetsShifted()])
    assert [one.answer.verdict for one in result.checks] == [Verdict.OK, Verdict.OK], str(result)


def test_the_name_of_a_loss_tells_its_start() -> None:
    model = nn.Linear(4, 1)
    batch = torch.randn(64, 4), (torch.randn(64, 1) > 0).float()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    found = descentry.preflight(model, optimizer, batch, nn.BCEWithLogitsLoss(), checks=[InitialLoss()])
    assert found["initial_loss"].measured["expected"] == pytest.approx(0.6931, abs=1e-4)


def test_a_table_shows_faults_with_their_fix() -> None:
    bad = fault("lr_zero", "the rate is 0", "set_lr", lr=0.0)
    result = descentry.preflight(**models.gpt(), checks=[Fixed(ok("fine")), Fixed(bad, "rate"), Broken()])
    lines = str(result).splitlines()
    assert lines[0] == "preflight: 1 of 3 checks found a fault (1 ok, 1 cannot tell)"
    assert any(line.startswith("FAULT  fixed") and line.endswith("the rate is 0") for line in lines)
    assert "Fix: Set the learning rate to a value above 0" in str(result)
    assert "descentry explain lr_zero" in str(result)
    assert "\x1b" not in str(result)
    assert not result.ok
    assert all(len(line) <= 60 for line in result.render(60).splitlines())


def test_json_follows_its_schema_and_is_strict() -> None:
    bad = fault("lr_zero", "the rate is 0", "set_lr", rate=float("nan"))
    result = descentry.preflight(
        **models.gpt(), checks=[Fixed(ok("fine", n=2)), Fixed(bad, "rate"), Broken()]
    )
    document = json.loads(result.to_json())
    jsonschema.validate(document, schema("preflight-1"))
    assert document["checks"][1]["measured"] == {"rate": "nan"}
    assert [one["verdict"] for one in document["checks"]] == ["ok", "fault", "cannot tell"]


def test_examples_are_decoded() -> None:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"
    result = descentry.preflight(
        **models.gpt(), tokenizer=lambda ids: "".join(letters[one] for one in ids), checks=[]
    )
    given, wanted = (line.split()[1].strip("'") for line in result.examples[:2])
    assert given[1:] == wanted[:-1]
    bad = descentry.preflight(**models.gpt(), tokenizer=lambda ids: ids.nothing, checks=[])
    assert "cannot be decoded: AttributeError" in bad.examples[0]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"model": 3}, "model: found int; expected a torch.nn.Module"),
        ({"optimizer": "adam"}, "optimizer: found str"),
        ({"batch": 7}, "batch: found int; expected a tensor"),
        ({"batch": ("a", "b")}, "batch: no input tensor"),
        ({"loss_fn": lambda out, _: out}, r"loss: found shape \(8, 16, 40\); expected one number"),
        ({"loss_fn": None}, "one forward pass fails with TypeError"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as told:
        descentry.preflight(**models.gpt() | parts)
    assert "\n" not in str(told.value)


def test_a_lazy_module_is_told_to_be_run_first() -> None:
    model = nn.LazyLinear(3)
    with pytest.raises(UsageError, match="state cannot be copied"):
        descentry.preflight(model, models.gpt()["optimizer"], torch.randn(2, 4), nn.MSELoss())


def test_an_unknown_check_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="no check 'nonsense'"):
        descentry.preflight(**models.gpt(), checks=[])["nonsense"]


def test_the_package_is_callable_once_a_part_of_it_is_imported() -> None:
    import descentry.preflight as package

    assert callable(package)
