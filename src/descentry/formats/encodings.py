"""Any split of a text's bytes as UTF-8: a byte-order mark is taken off, UTF-16 is seen through."""

import codecs


class AsUtf8:
    """Turns what is fed into UTF-8; bytes of UTF-8 stay as they are, sound or not."""

    def __init__(self) -> None:
        self._start: bytes | None = b""
        self._utf16: codecs.IncrementalDecoder | None = None

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """The next bytes; the first two wait until it is clear that they are no half of a mark."""
        if self._start is not None:
            data = self._start + data
            if len(data) < 3 and not final and codecs.BOM_UTF8.startswith(data[:3]) | _may_be_utf16(data):
                self._start = data
                return b""
            self._start = None
            data = self._without_mark(data)
        if self._utf16 is None:
            return data
        return self._utf16.decode(data, final).encode("utf-8", "replace")

    def _without_mark(self, data: bytes) -> bytes:
        if data.startswith(codecs.BOM_UTF8):
            return data[3:]
        for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
            if data.startswith(mark):
                self._utf16 = codecs.getincrementaldecoder(name)("replace")
                return data[2:]
        return data


def _may_be_utf16(data: bytes) -> bool:
    return codecs.BOM_UTF16_LE.startswith(data[:2]) or codecs.BOM_UTF16_BE.startswith(data[:2])
