"""The gate in the loop: what it is asked before and at each step, and who teaches it.

Judging takes a comparison in the loop; learning is done in the monitor's thread, or here where there is none.
"""

from threading import Lock

from descentry.guard.course import Course
from descentry.guard.gate import MOST_AT_ONCE, Gatekeeper
from descentry.guard.kept import dumps
from descentry.guard.monitor import Monitor
from descentry.guard.wall import Budget, tell

MAX_PENDING, MOST_IN_LOOP = 4096, 256
"""Values that may wait for the monitor's thread, and how many the loop learns at once where that is gone."""


class Gating:
    """Asks the gatekeeper of a course, and has it taught.

    `budget_s`: processor time that learning may take of the loop.  `is_gated`: the gate was asked before this step's
    `observe`; `why`: what it said then.
    """

    def __init__(self, monitor: Monitor, budget_s: float) -> None:
        self.monitor, self.budget = monitor, Budget(budget_s)
        self.most_pending = MAX_PENDING if monitor.background else 0
        self.is_gated, self.why = False, ""
        self._lock = Lock()

    def before(
        self, keeper: Gatekeeper, n_seen: int, norm: float | None, loss: float | None, scaled: bool
    ) -> str:
        """Why this update should not be applied; empty where it may.  `scaled`: losses are, against underflow."""
        why = keeper.judge(n_seen, loss, norm, scaled)
        self.teach(keeper)
        self.why = self.why or why
        self.is_gated = True
        return why

    def passes(self, keeper: Gatekeeper, n_seen: int, loss: float | None, norm: float | None) -> bool:
        """The short way of `judged`, where the gate was not asked before and all is as usual."""
        if self.is_gated or loss is None or norm is None:
            return False
        if not keeper.passes(n_seen, loss, norm):
            return False
        if len(keeper.loss.pending) > self.most_pending or self.monitor.n_lost:
            self.teach(keeper)
        return True

    def judged(
        self, course: Course, step: int, n_seen: int, loss: float | None, norm: float | None, scaled: bool
    ) -> str:
        """Why this batch should be kept out; empty where it may pass."""
        keeper = course.gatekeeper
        if self.is_gated:
            late = "" if self.why else keeper.late(loss, None if scaled else norm)
            self.why = self.why or late
        else:
            self.before(keeper, n_seen, norm, loss, scaled)
        why, self.why, self.is_gated = self.why, "", False
        course.note_row(step)
        return why

    def teach(self, keeper: Gatekeeper) -> None:
        """It learns in the monitor's thread; here, where there is none.  Of one far behind values are dropped."""
        if self.monitor.background and not self.monitor.is_dead and not self.monitor.n_lost:
            if keeper.n_pending > self.most_pending and self._lock.acquire(blocking=False):
                keeper.forget(self.most_pending // 2)
                self._lock.release()
            return
        self.budget.timed(self.digest, keeper, 0.0, MOST_IN_LOOP)
        if self.budget.is_spent and not keeper.is_off:
            keeper.is_off = True
            tell("learning values took more than its budget again and again: only NaN is looked for now")

    def digest(self, keeper: Gatekeeper, seconds: float = 0.0, most: int = MOST_AT_ONCE) -> None:
        """It learns what waits, unless another thread is at it for longer than that."""
        if self._lock.acquire(timeout=seconds):
            try:
                keeper.digest(most)
            finally:
                self._lock.release()

    def kept(self, course: Course) -> bytes:
        """The course as it is once all is learnt.  RuntimeError: the gate does not answer."""
        if not self._lock.acquire(timeout=1.0):
            raise RuntimeError("the gate has not answered for 1 s")
        try:
            course.gatekeeper.digest()
            return dumps(course)
        finally:
            self._lock.release()
