"""The guard in a training loop: it sees every step, says what stands, and asks for actions.

    guard = descentry.Guard(policy="acting", act=True)
    for step, batch in enumerate(batches):
        loss = ...; loss.backward(); norm = clip_grad_norm_(...)
        action = guard.observe(step, loss=loss.item(), grad_norm=norm.item(), lr=rate)
        if not isinstance(action, SkipBatch):
            optimizer.step()

It advises unless `act` is set: then `observe` returns `Continue(advice=…)`.  Whatever fails in here, fails in here.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

from descentry.guard.actions import Action, Continue, Deed, RollBack, Stop
from descentry.guard.choice import chosen, is_calm
from descentry.guard.course import Course
from descentry.guard.early_stop import EarlyStopper
from descentry.guard.gate import Gatekeeper
from descentry.guard.gating import Gating
from descentry.guard.kept import VERSION, loads, parts_of, state_of
from descentry.guard.ladder import Ladder, Moment
from descentry.guard.ledger import MAX_HISTORY, Ledger
from descentry.guard.monitor import Mark, Monitor, Row
from descentry.guard.quarantine import Quarantined, told
from descentry.guard.rate_search import begun
from descentry.guard.rules import Gate, Part, Policy
from descentry.guard.wall import Wall, is_step, number, numbers, tell, whole
from descentry.record.finding import Finding
from descentry.record.report import RunReport
from descentry.signal.alarms import check_rate

_CONTINUE: Action = Continue()
PATIENCE_S = 10.0
"""Seconds that a state or a report waits for the monitor, which has all rows by then or hangs."""
_STATE = ("course", "search", "ledger")


class Guard:
    """Watches one training.

    `policy`: names of built-in policies, files, plain data, or several of them, joined; `act`: actions are returned,
    not only advised; `n_steps`: how many are planned, None: unknown; `background`: findings are made in a thread
    (False: at once, which a replay needs); `on_action`: called with the step and each action or advice, in the loop;
    `budget_s`: processor time that learning from values may take of the loop, where the thread does not: where it is
    passed often, values are only asked whether they are finite.  UsageError: a policy that is not understood.

    `rewinds`: whether a roll back brings data, step and schedule back as well: without it no rate is searched for.
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
        budget_s: float = 1e-3,
    ) -> None:
        check_rate(alarm_rate)
        parts = (policy,) if isinstance(policy, str | Mapping | Policy | PathLike) else tuple(policy)
        self.policy, self.act, self.n_steps, self.on_action = Policy.of(*parts), act, n_steps, on_action
        settings = {} if vocab_size is None else {"vocab_size": vocab_size}
        options = {"settings": settings, "alarm_rate": alarm_rate, "is_polite": background}
        self.monitor = Monitor(background, options, any(rule.cause for rule in self.policy.rules))
        self.wall, self._callback_wall = Wall(), Wall("on_action")
        self.gating = Gating(self.monitor, budget_s)
        self.monitor.also = lambda: self.gating.digest(self.course.gatekeeper, PATIENCE_S)
        self.ladder = Ladder(self.policy, advises=not act)
        self.course = self._fresh()
        self.rewinds = True
        self.search = begun(self.policy.rate_search, n_steps)
        self.history: deque[tuple[int, Deed]] = deque(maxlen=MAX_HISTORY)
        self.ledger = Ledger()

    def before_step(self, grad_norm: Any = None, loss: Any = None, loss_scale: Any = None) -> bool:
        """Whether the optimizer may apply this update.

        False for a value that is not finite, and for one that stands out of all before; where the guard only advises,
        True all the same.  Call it after the backward pass; `observe` of the same step then knows of it.
        """
        return self.wall.call(self._before, True, grad_norm, loss, loss_scale)

    def observe(self, step: int, *, batch: object = None, module: object = None, **signals: Any) -> Action:
        """What to do after the backward pass of `step`, before its update.  Call it once a batch.

        `signals`: `loss`, `val_loss`, `lr`, `grad_norm`, `loss_scale` and any others by name: numbers, or arrays and
        tensors of one; None: not measured now.  `batch`: what this batch is called; `module`: where something was
        first not finite: both are told with the reason.  More of the same step may come in further calls, without
        `loss` and `grad_norm`.
        """
        return self.wall.call(self._observe, _CONTINUE, step, batch, module, signals)

    def saved(self, step: int) -> None:
        """A checkpoint was made before `step` was trained: the guard may ask for it."""
        self.wall.call(self._saved, None, step)

    def forgotten(self, step: int) -> None:
        """That checkpoint is there no more."""
        self.wall.call(self._forget, None, step)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What stands, leading findings only, with calibrated confidence."""
        return self.monitor.standing.findings

    @property
    def best_step(self) -> int | None:
        """Where validation was best so far, training where there is none; None before either."""
        return self.course.best[1] if self.course.best else None

    @property
    def quarantine(self) -> tuple[Quarantined, ...]:
        """The batches that were kept from the weights, or would have been, the oldest first."""
        return tuple(self.ledger.quarantine)

    @property
    def faults(self) -> tuple[str, ...]:
        """What failed inside the guard and its monitor; the training never saw it."""
        return (*self.wall.faults, *self._callback_wall.faults, *self.monitor.faults)

    def report(self) -> RunReport | None:
        """The diagnosis of the run so far, as `descentry diagnose` would give it; None where it cannot be made.

        Waits for the monitor, at most some seconds.
        """
        return self.wall.call(self._report, None)

    def close(self) -> None:
        """The training is over: the thread ends."""
        self.monitor.close()

    def state_dict(self) -> dict[str, Any]:
        """All that a checkpoint must hold for the guard to go on exactly as it would have: a number and a text.

        Left out: what was known at earlier checkpoints; a roll back to one of them begins the diagnosis anew.  Where
        the monitor fails or hangs, the state is without it.
        """
        monitor = self.wall.call(self._monitor_state, b"")
        return self.wall.call(lambda: state_of(self._state(monitor)), {"version": VERSION, "state": ""})

    def load_state_dict(self, state: Mapping[str, Any]) -> bool:
        """Goes on from `state_dict()`; whether it could.  What cannot be read is told, and the guard begins anew."""
        return self.wall.call(self._load, False, state)

    def _fresh(self) -> Course:
        stopper = EarlyStopper(self.policy.early_stop) if self.policy.early_stop else None
        is_off = self.policy.gate is None and all(rule.on != "surprise" for rule in self.policy.rules)
        return Course(Gatekeeper(self.policy.gate or Gate(), is_off=is_off), stopper)

    def _state(self, monitor: bytes) -> dict[str, Any]:
        told_of = {name: getattr(self, name) for name in _STATE} | {"course": self.gating.kept(self.course)}
        return {**told_of, "ladder": self.ladder, "monitor": monitor}

    def _monitor_state(self) -> bytes:
        self.monitor.wait(PATIENCE_S)
        return self.monitor.dump()

    def _report(self) -> RunReport:
        self.monitor.wait(PATIENCE_S)
        return self.monitor.report()

    def _load(self, state: Mapping[str, Any]) -> bool:
        known = parts_of(state)
        values = [known[name] for name in _STATE]
        self.monitor.wait(PATIENCE_S)
        is_same = known["ladder"].policy == self.policy
        if known["monitor"]:
            self.monitor.restore(known["monitor"])
        for name, value in zip(_STATE, values, strict=True):
            setattr(self, name, value)
        self.ladder = known["ladder"] if is_same else Ladder(self.policy)
        self.ladder.advises = not self.act
        if not is_same:
            self.search = None
            tell("the guard's policy is another one than that of its state: its rules begin anew")
        self.monitor.begin(self.ledger.era)
        self.course.rates.loaded()
        return True

    def _before(self, norm: Any, loss: Any, scale: Any) -> bool:
        why = self.gating.before(
            self.course.gatekeeper, self.ledger.n_seen, number(norm), number(loss), scale is not None
        )
        return not (why and self.act and self.policy.gate)

    def _observe(self, step: Any, batch: object, module: object, signals: Mapping[str, Any]) -> Action:
        values = numbers(signals)
        at = step if is_step(step) else self._step_of(step)
        loss, norm = values.get("loss", values.get("train_loss")), values.get("grad_norm")
        is_judged = self.gating.is_gated or loss is not None or norm is not None
        if self.course.is_another(at, is_judged):
            self.ledger.n_batches += 1
            self.ledger.n_seen += 1
        why = ""
        if is_judged and not self.gating.passes(self.course.gatekeeper, self.ledger.n_seen, loss, norm):
            why = self.gating.judged(self.course, at, self.ledger.n_seen, loss, norm, "loss_scale" in values)
        if why:
            why = told(why, batch, module, values)
            self.ledger.keep_out(at, why, batch, module, self.act and self.policy.gate is not None)
        self.course.note_best(at, values)
        if "lr" in values:
            self.course.rates.note(values["lr"])
        if self.search is not None and not self.search.is_over:
            self.search.note(at, values)
        self.monitor.push(Row(at, values))
        early = None if self.course.stopper is None else self.course.early(at, values)
        if not (why or early or self.ledger.pending) and self._is_calm(is_judged):
            return _CONTINUE
        now = self._moment(at, why, is_judged)
        return self._answer(
            at, chosen(self.ladder, self.search if self.rewinds else None, self.ledger, now, early)
        )

    def _step_of(self, step: Any) -> int:
        """The step as a whole number; the next one where it is none."""
        known = whole(step)
        return (
            known
            if known is not None
            else 1 + (-1 if self.course.last_step is None else self.course.last_step)
        )

    def _is_calm(self, is_judged: bool) -> bool:
        """Whether no rule can ask for anything, which is so at nearly every step."""
        is_alert = (is_judged and self.course.gatekeeper.is_alert) or self.course.rates.back
        return not (is_alert or self.monitor.standing.findings) and is_calm(self.ladder, self.search)

    def _moment(self, step: int, why: str, is_judged: bool) -> Moment:
        standing, course, ledger = self.monitor.standing, self.course, self.ledger
        is_now = standing.era == ledger.era
        findings = standing.findings if is_now else ()
        keeper = course.gatekeeper
        return Moment(
            step, ledger.n_batches, ledger.n_seen, ledger.saved_at, findings, standing.causes if is_now else {},
            keeper.n_bad if is_judged else 0, course.bad_from, keeper.n_row if is_judged else 0, course.surprise_from,
            why, self.best_step, self.n_steps, course.rates.back, not self.act,
            None if self.search is None else self.search.decided_from,
        )  # fmt: skip

    def _answer(self, step: int, deed: Deed | None) -> Action:
        """The action, or the advice, kept and told."""
        if deed is None:
            return _CONTINUE
        self.history.append((step, deed))
        if self.act:
            if isinstance(deed, RollBack):
                self.wall.call(self._roll_back, None, deed)
            self.ledger.is_over = isinstance(deed, Stop)
        tell("step %d: %s", step, deed, level=20)
        call = self.on_action
        if call is not None:
            self._callback_wall.call(call, None, step, deed)
        return deed if self.act else Continue((deed,))

    def _roll_back(self, deed: RollBack) -> None:
        """The guard goes back with the run."""
        self.ledger.era += 1
        self.monitor.push(Mark(deed.to_step, "back", self.ledger.era))
        self.ladder.rolled_back()
        if self.search is not None:
            self.search.went_back(deed.to_step, deed.rate)
        kept = self.ledger.courses.get(deed.to_step)
        self.course = self._fresh() if kept is None else loads(kept)
        for step in self.ledger.go_back(deed):
            self._forget(step)

    def _saved(self, step: int) -> None:
        step = self._step_of(step)
        self.ledger.save(step, self.gating.kept(self.course))
        self.monitor.push(Mark(step, "keep"))

    def _forget(self, step: int) -> None:
        if self.ledger.forget(step):
            self.monitor.push(Mark(step, "drop"))
