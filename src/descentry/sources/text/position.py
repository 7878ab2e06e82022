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
        self._resets = self._is_inline = self._is_before = False
        self._newest = -1
        self._largest = 0
        self._gap = 0
        self._first = -1
        self._total = 0

    def fine_step(self, plan: Plan, numbers: list[str]) -> int | None:
        """The step of a line with a step or batch counter; None when the counter is no whole number."""
        index = plan.step if plan.step >= 0 else plan.batch
        inner = whole(numbers[index])
        if plan.epoch >= 0:
            epoch = whole(numbers[plan.epoch])
            self._is_inline = True
        else:
            epoch = self.header_epoch if plan.step < 0 else None if plan.is_twin else self.epoch_above
        if inner is None:
            return None
        if epoch is None:
            if plan.step >= 0 and not plan.is_twin and not self._is_inline:
                self.saw([inner])
            return inner
        total = whole(numbers[plan.total]) if plan.total >= 0 else None
        return self.step_within(epoch, inner, total or 0, is_batch=plan.step < 0)

    @property
    def epoch_above(self) -> int | None:
        """The epoch of the newest header, for lines with a step, in a log whose lines say no epoch of their own."""
        return None if self._is_inline else self.header_epoch

    def step_within(self, epoch: int, inner: int, total: int, *, is_batch: bool) -> int | None:
        """The step of a batch, or of a step that may start anew, in an epoch of `total` (0: not printed)."""
        if epoch != self._epoch:
            self._enter(epoch, inner, total, is_batch=is_batch)
        self._note(inner)
        self._total = total
        step = self._offset + inner
        return step if abs(step) < LARGEST else None

    def falls_back(self, plan: Plan, numbers: list[str]) -> bool:
        """Whether the batch of a line lies before the newest step of its epoch, which the log is in."""
        inner = whole(numbers[plan.batch])
        epoch = whole(numbers[plan.epoch]) if plan.epoch >= 0 else self.header_epoch
        return inner is not None and epoch is not None and epoch == self._epoch and inner < self._newest

    def saw(self, steps: list[int]) -> None:
        """Notes steps of a log that has said no epoch yet: its first may be told when it has ended."""
        if not self._is_before:
            self._is_before = self._epoch is None
            self._first = steps[0]
        if self._newest >= 0:
            steps = [self._newest, *steps[-2:]] if len(steps) == 1 else steps
        if len(steps) > 1 and steps[-1] > steps[-2]:
            self._gap = steps[-1] - steps[-2]
        self._newest = steps[-1]
        self._largest = max(self._largest, *steps)

    def end_of(self, epoch: int) -> int | None:
        """The step at which the present epoch ends, where its batches were printed with a total."""
        return self._offset + self._total if epoch == self._epoch and self._total and self._resets else None

    def _enter(self, epoch: int, inner: int, total: int, *, is_batch: bool) -> None:
        """A new epoch: its offset is fixed here, so that a total that changes within it moves nothing."""
        if self._epoch is None and self._is_before:
            self._epoch = epoch - 1
            self._base = epoch - 1
        if self._epoch is None:
            self._base = 1 if epoch == 1 else 0
            self._resets = is_batch
            self._offset = (epoch - self._base) * total if is_batch else 0
        else:
            self._resets = self._resets or is_batch or self._starts_anew(epoch, inner)
            if self._resets:
                self._offset = self._next_offset(epoch, self._epoch, total)
        self._epoch = epoch
        self._newest = -1
        self._first = inner

    def _starts_anew(self, epoch: int, inner: int) -> bool:
        """Whether a step has fallen to where epochs begin; one that a resumed run goes back to has not."""
        begins = self._epoch is not None and epoch > self._epoch and inner <= self._first + max(self._gap, 1)
        return begins and inner <= self._newest

    def _next_offset(self, epoch: int, before: int, total: int) -> int:
        if epoch < self._base:
            self._base = epoch
        if total:
            return (epoch - self._base) * total
        is_zero_based = self._gap > 0 and (self._largest + 1) % self._gap == 0
        begins_at_0 = self._first == 0 and not is_zero_based
        length = self._largest + (self._gap if begins_at_0 else is_zero_based)
        return self._offset + (epoch - before) * length if epoch > before else (epoch - self._base) * length

    def _note(self, inner: int) -> None:
        if self._newest >= 0 and inner > self._newest:
            self._gap = inner - self._newest
        self._newest = inner
        self._largest = max(self._largest, inner)
