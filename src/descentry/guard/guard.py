"""The guard in a training loop: it sees every step, says what stands, and asks for actions.

    guard = descentry.Guard(policy="acting", act=True)
    for step, batch in enumerate(batches):
        loss = ...; loss.backward(); norm = clip_grad_norm_(...)
        action = guard.observe(step, loss=loss.item(), grad_norm=norm.item(), lr=rate)
        if not isinstance(action, SkipBatch):
            optimizer.step()

It advises unless `act` is set: then `observe` returns `Continue(advice=…)`.  Whatever fails in here, fails in here.
"""

import copy
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from descentry.diagnosis.diagnose import report as report_of
from descentry.guard.actions import Action, Continue, Deed, RollBack, SkipBatch, Stop
from descentry.guard.early_stop import EarlyStopper
from descentry.guard.gate import Gatekeeper
from descentry.guard.ladder import Ladder, Moment
from descentry.guard.monitor import Mark, Monitor, Row
from descentry.guard.rules import Gate, Policy
from descentry.guard.wall import Wall
from descentry.record.finding import Finding
from descentry.record.report import RunReport

_CONTINUE: Action = Continue()
_log = logging.getLogger("descentry.guard")
Part = str | Mapping[str, Any] | Policy


class Guard:
    """Watches one training.

    `policy`: names of built-in policies, plain data, or several of them, joined; `act`: actions are returned, not only
    advised; `n_steps`: how many are planned, None: unknown; `background`: findings are made in a thread (False: at
    once, which a replay needs); `on_action`: called with the step and each action or advice.  UsageError: a policy
    that is not understood.
    """

    def __init__(
        self,
        policy: Part | Sequence[Part] = "acting",
        *,
        act: bool = False,
        n_steps: int | None = None,
        background: bool = True,
        alarm_rate: float | None = None,
        vocab_size: int | None = None,
        on_action: Callable[[int, Deed], None] | None = None,
    ) -> None:
        parts = (policy,) if isinstance(policy, str | Mapping | Policy) else tuple(policy)
        self.policy, self.act, self.n_steps, self.on_action = Policy.of(*parts), act, n_steps, on_action
        settings = {} if vocab_size is None else {"vocab_size": vocab_size}
        self.monitor = Monitor(
            background, {"settings": settings, "alarm_rate": alarm_rate, "is_polite": background}
        )
        self.wall = Wall()
        self.ladder = Ladder(self.policy)
        self.gatekeeper = Gatekeeper(self.policy.gate or Gate())
        self.stopper = EarlyStopper(self.policy.early_stop) if self.policy.early_stop else None
        self.history: list[tuple[int, Deed]] = []
        self.saved_at: dict[int, int] = {}
        self._gates: dict[int, Gatekeeper] = {}
        self._n_batches = self._n_seen = 0
        self._best: tuple[float, int] | None = None
        self._validates = False
        self._why = ""
        self._is_gated = False
        self._is_over = False

    def before_step(
        self, grad_norm: float | None = None, loss: float | None = None, loss_scale: float | None = None
    ) -> bool:
        """Whether the optimizer may apply this update.

        False for a value that is not finite, and for one that stands out of all before; where the guard only advises,
        True all the same.  Call it after the backward pass; `observe` of the same step then knows of it.
        """
        return self.wall.call(lambda: self._before(grad_norm, loss, loss_scale), True)

    def observe(self, step: int, **signals: Any) -> Action:
        """What to do after the backward pass of `step`, before its update.

        `signals`: `loss`, `val_loss`, `lr`, `grad_norm`, `loss_scale` and any others by name: numbers, or what float()
        takes; None: not measured now.
        """
        return self.wall.call(lambda: self._observe(step, signals), _CONTINUE)

    def saved(self, step: int) -> None:
        """A checkpoint was made before `step` was trained: the guard may ask for it."""
        self.wall.call(lambda: self._saved(step), None)

    def forgotten(self, step: int) -> None:
        """That checkpoint is there no more."""
        self.saved_at.pop(step, None)
        self._gates.pop(step, None)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What stands, leading findings only, with calibrated confidence."""
        return self.monitor.standing.findings

    @property
    def best_step(self) -> int | None:
        """Where validation was best so far, training where there is none; None before either."""
        return self._best[1] if self._best else None

    def report(self) -> RunReport | None:
        """The diagnosis of the run so far, as `descentry diagnose` would give it; None where it cannot be made."""
        return self.wall.call(self._report, None)

    def close(self) -> None:
        """The training is over: the thread ends."""
        self.monitor.close()

    def state_dict(self) -> dict[str, Any]:
        """All that a checkpoint must hold for the guard to go on exactly as it would have."""
        self.monitor.wait(10.0)
        kept = ("ladder", "gatekeeper", "stopper", "saved_at", "_n_batches", "_n_seen", "_best", "_gates")
        return {"version": 1, "monitor": self.monitor.dump()} | {
            name: copy.deepcopy(getattr(self, name)) for name in kept
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state_dict()`."""
        self.monitor.wait(10.0)
        self.monitor.restore(state["monitor"])
        for name in state.keys() - {"version", "monitor"}:
            setattr(self, name, copy.deepcopy(state[name]))

    def _before(self, norm: float | None, loss: float | None, scale: float | None) -> bool:
        self._why = self.gatekeeper.judge(self._n_seen, _number(loss), _number(norm), scale is not None)
        self._is_gated = True
        return not (self._why and self.act and self.policy.gate)

    def _observe(self, step: int, signals: Mapping[str, Any]) -> Action:
        values = {name: number for name, value in signals.items() if (number := _number(value)) is not None}
        if not self._is_gated:
            self._before(values.get("grad_norm"), values.get("loss"), values.get("loss_scale"))
        why, self._why, self._is_gated = self._why, "", False
        self._n_batches += 1
        self._n_seen += 1
        self._note_best(step, values)
        self.monitor.push(Row(step, values))
        return self._told(step, self._deed(step, values, why))

    def _deed(self, step: int, values: Mapping[str, float], why: str) -> Deed | None:
        if self._is_over:
            return None
        early = self._early(step, values)
        standing = self.monitor.standing
        findings = standing.findings if standing.era == self.ladder.n_roll_backs else ()
        if findings or why or self.ladder.seen:
            deed = self.ladder.choose(self._moment(step, findings, why))
            if deed is not None:
                return deed
        if early:
            return Stop(f"early stopping: {early}", self.stopper.best_step if self.stopper else None)
        return SkipBatch(why) if why and self.policy.gate else None

    def _moment(self, step: int, findings: tuple[Finding, ...], why: str) -> Moment:
        gate = self.gatekeeper
        return Moment(
            step, self._n_batches, self._n_seen, self.saved_at, findings, gate.n_bad, gate.n_row, why,
            self.best_step, self.n_steps, self._cause_of,
        )  # fmt: skip

    def _told(self, step: int, deed: Deed | None) -> Action:
        """The action, or the advice, kept and told."""
        if deed is None:
            return _CONTINUE
        self.history.append((step, deed))
        _log.info("step %d: %s", step, deed)
        if self.on_action is not None:
            self.on_action(step, deed)
        if not self.act:
            return Continue((deed,))
        if isinstance(deed, RollBack):
            self._roll_back(deed)
        self._is_over = isinstance(deed, Stop)
        return deed

    def _roll_back(self, deed: RollBack) -> None:
        """The guard goes back with the run."""
        self.monitor.push(Mark(deed.to_step, keep=False))
        self.ladder.rolled_back()
        self.gatekeeper = copy.deepcopy(self._gates.get(deed.to_step)) or Gatekeeper(self.gatekeeper.gate)
        self._n_batches = self.saved_at.get(deed.to_step, self._n_batches) + deed.skip
        for step in [step for step in self.saved_at if step > deed.to_step]:
            self.forgotten(step)

    def _saved(self, step: int) -> None:
        self.saved_at[step] = self._n_batches
        self._gates[step] = copy.deepcopy(self.gatekeeper)
        self.monitor.push(Mark(step, keep=True))

    def _early(self, step: int, values: Mapping[str, float]) -> str:
        if self.stopper is None:
            return ""
        if "loss" in values:
            self.stopper.train(values["loss"])
        return self.stopper.validate(step, values["val_loss"]) if "val_loss" in values else ""

    def _note_best(self, step: int, values: Mapping[str, float]) -> None:
        if "val_loss" in values and not self._validates:
            self._validates, self._best = True, None
        value = values.get("val_loss" if self._validates else "loss")
        if value is not None and value - value == 0.0 and (self._best is None or value < self._best[0]):
            self._best = (value, step)

    def _cause_of(self, finding: Finding) -> str | None:
        """The likeliest cause of a finding; None where none is told."""
        report = self._report()
        for cause in report.causes if report else ():
            if any(report.findings[i].pattern == finding.pattern for i in cause.findings):  # type: ignore[union-attr]
                return cause.cause
        return None

    def _report(self) -> RunReport | None:
        """Made on a copy: judging the end of the log would change what a growing one is told."""
        self.monitor.wait(10.0)
        twin = Monitor(False)
        twin.restore(self.monitor.dump())
        return report_of(twin.ended(), "guard", "live", "")


def _number(value: Any) -> float | None:
    """The value as a float; None where it is none."""
    if value is None or isinstance(value, float):
        return value
    try:
        return float(
            value.item() if hasattr(value, "item") else value
        )  # float() of a loss with a graph warns
    except (TypeError, ValueError, RuntimeError):  # a string, a tensor of many elements
        return None
