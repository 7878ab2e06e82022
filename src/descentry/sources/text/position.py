"""The step of a line from its counters: global steps, batches within epochs, epochs alone."""

from descentry.sources.text.plan import Plan
from descentry.sources.text.tokens import whole

LARGEST = 2**62


class Position:
    """Where the log is.  Batches count on over epochs: by the printed total, else by the largest batch seen.

    `last` is the newest step; `is_fine`: lines finer than epochs were seen.
    """

    def __init__(self) -> None:
        self.last = 0
        self.is_fine = False
        self.header_epoch: int | None = None
        self._base = 0
        self._epoch: int | None = None
        self._offset = 0
        self._resets = False
        self._newest = -1
        self._largest = 0
        self._gap = 0
        self._total = 0

    def fine_step(self, plan: Plan, numbers: list[str]) -> int | None:
        """The step of a line with a step or batch counter; None when the counter is no whole number."""
        index = plan.step if plan.step >= 0 else plan.batch
        inner = whole(numbers[index])
        epoch = (
            whole(numbers[plan.epoch]) if plan.epoch >= 0 else self.header_epoch if plan.step < 0 else None
        )
        if inner is None:
            return None
        if epoch is None:
            return inner
        total = whole(numbers[plan.total]) if plan.total >= 0 else None
        return self.step_within(epoch, inner, total or 0, is_batch=plan.step < 0)

    def step_within(self, epoch: int, inner: int, total: int, *, is_batch: bool) -> int | None:
        """The step of a batch, or of a step that may start anew, in an epoch of `total` (0: not printed)."""
        if epoch != self._epoch:
            self._enter(epoch, inner, total, is_batch=is_batch)
        self._note(inner)
        self._total = total
        step = self._offset + inner
        return step if abs(step) < LARGEST else None

    def end_of(self, epoch: int) -> int | None:
        """The step at which the present epoch ends, where its batches were printed with a total."""
        return self._offset + self._total if epoch == self._epoch and self._total and self._resets else None

    def _enter(self, epoch: int, inner: int, total: int, *, is_batch: bool) -> None:
        """A new epoch: its offset is fixed here, so that a total that changes within it moves nothing."""
        if self._epoch is None:
            self._base = 1 if epoch == 1 else 0
            self._resets = is_batch
            self._offset = (epoch - self._base) * total if is_batch else 0
        else:
            self._resets = self._resets or is_batch or inner <= self._newest
            if self._resets:
                self._offset = self._next_offset(epoch, self._epoch, total)
        self._epoch = epoch
        self._newest = -1

    def _next_offset(self, epoch: int, before: int, total: int) -> int:
        if epoch < self._base:
            self._base = epoch
        if total:
            return (epoch - self._base) * total
        is_zero_based = self._gap > 0 and (self._largest + 1) % self._gap == 0
        length = self._largest + is_zero_based
        return self._offset + (epoch - before) * length if epoch > before else (epoch - self._base) * length

    def _note(self, inner: int) -> None:
        if self._newest >= 0 and inner > self._newest:
            self._gap = inner - self._newest
        self._newest = inner
        self._largest = max(self._largest, inner)
