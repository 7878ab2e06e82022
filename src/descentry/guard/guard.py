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
from threading import Lock
from typing import Any

from descentry.guard.actions import (
    Action,
    Checkpoint,
    ClipTo,
    Continue,
    Deed,
    RollBack,
    ScaleLr,
    SkipBatch,
    Stop,
)
from descentry.guard.course import Course
from descentry.guard.early_stop import EarlyStopper
from descentry.guard.gate import MOST_AT_ONCE, Gatekeeper
from descentry.guard.kept import dumps, loads, packed, unpacked
from descentry.guard.ladder import Ladder, Moment
from descentry.guard.monitor import Mark, Monitor, Row
from descentry.guard.rate_search import begun
from descentry.guard.quarantine import Quarantined, told
from descentry.guard.rules import Gate, Part, Policy
from descentry.guard.wall import Budget, Wall, number, tell, text
from descentry.record.errors import UsageError
from descentry.record.finding import Finding
from descentry.record.report import RunReport
from descentry.signal.alarms import check_rate

_CONTINUE: Action = Continue()
MAX_HISTORY = 10_000
"""Actions and quarantined batches that are remembered, the newest."""
PATIENCE_S = 10.0
"""Seconds that a state or a report waits for the monitor, which has all rows by then or hangs."""
MAX_PENDING, MOST_IN_LOOP = 4096, 256
"""Values that may wait for the monitor's thread, and how many the loop learns at once where that is gone."""
LAST_STEP = 1 << 62
"""Beyond it no step is believed."""
_STATE = (
    "course",
    "search",
    "saved_at",
    "_courses",
    "_n_batches",
    "_n_seen",
    "_era",
    "_quarantine",
    "_pending",
    "_is_over",
)


class Guard:
    """Watches one training.

    `policy`: names of built-in policies, files, plain data, or several of them, joined; `act`: actions are returned,
    not only advised; `n_steps`: how many are planned, None: unknown; `background`: findings are made in a thread
    (False: at once, which a replay needs); `on_action`: called with the step and each action or advice, in the loop;
    `budget_s`: processor time that learning from values may take of the loop, where the thread does not: where it is
    passed often, values are only asked whether they are finite.  UsageError: a policy that is not understood.
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
        self.budget = Budget(budget_s)
        self._gate_lock, self._most_pending = Lock(), MAX_PENDING if background else 0
        self.monitor.also = lambda: self._digest(PATIENCE_S)
        self.ladder = Ladder(self.policy, advises=not act)
        self.course = self._fresh()
        self.search = begun(self.policy.rate_search, n_steps)
        self.history: deque[tuple[int, Deed]] = deque(maxlen=MAX_HISTORY)
        self.saved_at: dict[int, int] = {}
        self._courses: dict[int, bytes] = {}
        self._quarantine: deque[Quarantined] = deque(maxlen=MAX_HISTORY)
        self._n_batches = self._n_seen = self._era = 0
        self._pending: Deed | None = None
        self._why = ""
        self._is_gated = self._is_over = False

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
        return tuple(self._quarantine)

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
        state = self.wall.call(lambda: packed(dumps(self._state(monitor))), "")
        return {"version": 1, "state": state}

    def load_state_dict(self, state: Mapping[str, Any]) -> bool:
        """Goes on from `state_dict()`; whether it could.  What cannot be read is told, and the guard begins anew."""
        return self.wall.call(self._load, False, state)

    def _fresh(self) -> Course:
        stopper = EarlyStopper(self.policy.early_stop) if self.policy.early_stop else None
        is_off = self.policy.gate is None and all(rule.on != "surprise" for rule in self.policy.rules)
        return Course(Gatekeeper(self.policy.gate or Gate(), is_off=is_off), stopper)

    def _state(self, monitor: bytes) -> dict[str, Any]:
        told_of = {name: getattr(self, name) for name in _STATE} | {"course": self._kept_course()}
        return {**told_of, "ladder": self.ladder, "monitor": monitor}

    def _monitor_state(self) -> bytes:
        self.monitor.wait(PATIENCE_S)
        return self.monitor.dump()

    def _report(self) -> RunReport:
        self.monitor.wait(PATIENCE_S)
        return self.monitor.report()

    def _load(self, state: Mapping[str, Any]) -> bool:
        if state.get("version") != 1:
            raise UsageError(f"a guard's state of version {text(state.get('version'))}, expected 1")
        known = loads(unpacked(state["state"]))
        if not isinstance(known, dict) or not isinstance(known.get("course"), bytes):
            raise UsageError("a guard's state without a course")
        known["course"] = loads(known["course"])
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
            tell("the guard's policy is another one than that of its state: its rules begin anew")
        self.monitor.begin(self._era)
        self.course.rates.loaded()
        return True

    def _before(self, norm: Any, loss: Any, scale: Any) -> bool:
        keeper = self.course.gatekeeper
        why = keeper.judge(self._n_seen, number(loss), number(norm), scale is not None)
        self._teach()
        self._why = self._why or why
        self._is_gated = True
        return not (why and self.act and self.policy.gate)

    def _passes(self, loss: float | None, norm: float | None) -> bool:
        """The short way of `_judged`, where the gate was not asked before and all is as usual."""
        if self._is_gated or loss is None or norm is None:
            return False
        keeper = self.course.gatekeeper
        if not keeper.passes(self._n_seen, loss, norm):
            return False
        if len(keeper.loss.pending) > self._most_pending or self.monitor.n_lost:
            self._teach()
        return True

    def _teach(self) -> None:
        """The gate learns in the monitor's thread; here, where there is none.  Of one far behind values are dropped."""
        keeper = self.course.gatekeeper
        if self.monitor.background and not self.monitor.is_dead and not self.monitor.n_lost:
            if keeper.n_pending > self._most_pending and self._gate_lock.acquire(blocking=False):
                keeper.forget(self._most_pending // 2)
                self._gate_lock.release()
            return
        self.budget.timed(self._digest, 0.0, MOST_IN_LOOP)
        if self.budget.is_spent and not keeper.is_off:
            keeper.is_off = True
            tell("learning values took more than its budget again and again: only NaN is looked for now")

    def _digest(self, seconds: float = 0.0, most: int = MOST_AT_ONCE) -> None:
        """The gate learns what waits, unless another thread is at it for longer than that."""
        if self._gate_lock.acquire(timeout=seconds):
            try:
                self.course.gatekeeper.digest(most)
            finally:
                self._gate_lock.release()

    def _kept_course(self) -> bytes:
        """The course as it is once all is learnt."""
        if not self._gate_lock.acquire(timeout=1.0):
            raise RuntimeError("the gate has not answered for 1 s")
        try:
            self.course.gatekeeper.digest()
            return dumps(self.course)
        finally:
            self._gate_lock.release()

    def _observe(self, step: Any, batch: object, module: object, signals: Mapping[str, Any]) -> Action:
        values = {
            name: known
            for name, value in signals.items()
            if (known := value if type(value) is float else number(value)) is not None
        }
        at = step if type(step) is int and -LAST_STEP < step < LAST_STEP else self._step_of(step)
        loss, norm = values.get("loss", values.get("train_loss")), values.get("grad_norm")
        is_judged = self._is_gated or loss is not None or norm is not None
        if self.course.is_another(at, is_judged):
            self._n_batches += 1
            self._n_seen += 1
        why = ""
        if is_judged and not self._passes(loss, norm):
            why = self._judged(at, loss, norm, values.get("loss_scale"))
        if why:
            why = told(why, batch, module, values)
            self._keep_out(at, why, batch, module)
        self.course.note_best(at, values)
        if "lr" in values:
            self.course.rates.note(values["lr"])
        if self.search is not None and not self.search.is_over:
            self.search.note(at, values)
        self.monitor.push(Row(at, values))
        early = "" if self.course.stopper is None else self.course.early(at, values)
        if not (why or early or self._pending) and self._is_calm(is_judged):
            return _CONTINUE
        return self._answer(at, self._deed(at, why, early, is_judged))

    def _judged(self, step: int, loss: float | None, norm: float | None, scale: float | None) -> str:
        """Why this batch should be kept out; empty where it may pass."""
        if self._is_gated:
            late = "" if self._why else self.course.gatekeeper.late(loss, None if scale is not None else norm)
            self._why = self._why or late
        else:
            self._before(norm, loss, scale)
        why, self._why, self._is_gated = self._why, "", False
        self.course.note_row(step)
        return why

    def _step_of(self, step: Any) -> int:
        """The step as a whole number; the next one where it is none."""
        known = number(step)
        if known is not None and abs(known) < LAST_STEP:
            return int(known)
        return 0 if self.course.last_step is None else self.course.last_step + 1

    def _keep_out(self, step: int, why: str, batch: object, module: object) -> None:
        name, first_in = (None if one is None else text(one) for one in (batch, module))
        is_kept_out = self.act and self.policy.gate is not None
        at = self._n_batches - 1
        self._quarantine.append(Quarantined(step, at, at, why, name, first_in, is_kept_out))

    def _is_calm(self, is_judged: bool) -> bool:
        """Whether no rule can ask for anything, which is so at nearly every step."""
        ladder = self.ladder
        is_alert = is_judged and self.course.gatekeeper.is_alert
        asks = is_alert or self.course.rates.back or (self.search is not None and self.search.is_open)
        return not (asks or self.monitor.standing.findings or ladder.seen or True in ladder.has_asked)

    def _deed(self, step: int, why: str, early: str, is_judged: bool) -> Deed | None:
        """What is asked for now.  What does not keep a bad update away waits for the next step."""
        if self._is_over:
            return None
        deed = self._searched(step, self._chosen(step, why, is_judged)) or self._pending
        self._pending = None
        if why and self.policy.gate and (deed is None or isinstance(deed, ScaleLr | ClipTo | Checkpoint)):
            self._pending = deed
            return SkipBatch(why)
        if deed is None and early:
            return Stop(
                f"early stopping: {early}", self.course.stopper.best_step if self.course.stopper else None
            )
        return deed

    def _searched(self, step: int, deed: Deed | None) -> Deed | None:
        """The same, where no search for the rate knows better."""
        search = self.search
        if search is None or search.first not in self.saved_at and self.act:
            return deed
        if isinstance(deed, RollBack) and deed.rate < 1.0:
            return None if search.refuses(deed) else search.failed(deed.reason) or deed
        return deed or search.asks(step)

    def _chosen(self, step: int, why: str, is_judged: bool) -> Deed | None:
        standing, course = self.monitor.standing, self.course
        is_now = standing.era == self._era
        findings = standing.findings if is_now else ()
        keeper = course.gatekeeper
        now = Moment(
            step, self._n_batches, self._n_seen, self.saved_at, findings, standing.causes if is_now else {},
            keeper.n_bad if is_judged else 0, course.bad_from, keeper.n_row if is_judged else 0, course.surprise_from,
            why, self.best_step, self.n_steps, course.rates.back,
        )  # fmt: skip
        return self.ladder.choose(now)

    def _answer(self, step: int, deed: Deed | None) -> Action:
        """The action, or the advice, kept and told."""
        if deed is None:
            return _CONTINUE
        self.history.append((step, deed))
        if self.search is not None and deed.reason.startswith("rate_search") and not self.act:
            self.search.is_over = True
        if self.act:
            if isinstance(deed, RollBack):
                self.wall.call(self._roll_back, None, deed)
            self._is_over = isinstance(deed, Stop)
        tell("step %d: %s", step, deed, level=20)
        call = self.on_action
        if call is not None:
            self._callback_wall.call(call, None, step, deed)
        return deed if self.act else Continue((deed,))

    def _roll_back(self, deed: RollBack) -> None:
        """The guard goes back with the run."""
        self._era += 1
        self.monitor.push(Mark(deed.to_step, "back", self._era))
        self.ladder.rolled_back()
        if self.search is not None:
            self.search.went_back(deed.to_step, deed.rate)
        self._pending = None
        kept = self._courses.get(deed.to_step)
        self.course = self._fresh() if kept is None else loads(kept)
        first = self.saved_at.get(deed.to_step, self._n_batches)
        if deed.skip:
            self._quarantine.append(Quarantined(deed.to_step, first, first + deed.skip - 1, deed.reason))
        self._n_batches = first + deed.skip
        for step in [step for step in self.saved_at if step > deed.to_step]:
            self._forget(step)

    def _saved(self, step: int) -> None:
        step = self._step_of(step)
        self.saved_at[step] = self._n_batches
        self._courses[step] = self._kept_course()
        self.monitor.push(Mark(step, "keep"))

    def _forget(self, step: int) -> None:
        if self.saved_at.pop(step, None) is not None:
            self._courses.pop(step, None)
            self.monitor.push(Mark(step, "drop"))
