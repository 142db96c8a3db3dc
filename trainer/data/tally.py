"""Count and report the conversions of pictures during `data prepare`."""

from collections import Counter

from trainer.config.dataset.header import EIGHT_BITS
from trainer.data.readers.reader import Picture
from trainer.data.resize import is_transparent
from trainer.errors import counted


class ConversionTally:
    """Counts conversions: rotation, reduction to 8 bits, compositing, profiles left out.

    Also transparency that nobody `asked` to keep, and images enlarged because a side is below `smallest` pixels.
    """

    def __init__(self, background: str, asked: bool, smallest: int = 0) -> None:
        self._background, self._asked, self._smallest = background, asked, smallest
        self._counts: Counter[str] = Counter()
        self._brightest = self._bits = 0
        self._classes: set[int | None] = set()

    @property
    def classes(self) -> int:
        """The number of classes that the pictures so far have."""
        return len(self._classes - {None})

    def add(self, picture: Picture, channels: int) -> None:
        """Count a picture that becomes one of `channels` channels."""
        self._classes.add(picture.label)
        self._counts["enlarged"] += min(picture.pixels.shape[:2]) < self._smallest
        if is_transparent(picture.pixels) and not (self._asked and channels in (2, 4)):
            self._counts["composited" if channels in (1, 3) else "kept"] += 1
        if picture.file is None:
            return
        facts = picture.file.facts
        self._counts["turned"] += facts.turned > 1
        self._counts["unreadable"] += facts.turned == 0
        self._counts["deep"] += facts.bits > EIGHT_BITS
        self._counts["profiled"] += facts.profiled
        self._counts["incomplete"] += facts.incomplete
        self._counts["animated"] += picture.file.animated
        self._brightest = max(self._brightest, picture.file.brightest)
        self._bits = max(self._bits, facts.bits)

    def skip(self) -> None:
        """Count a picture that does not fit the shape."""
        self._counts["skipped"] += 1

    def remarks(self) -> list[str]:
        """Return one line for each kind of conversion that occurred."""
        texts = {
            "skipped": "{} skipped: smaller than the format, or wider than 4:3",
            "enlarged": f"{{}} smaller than {self._smallest} pixels, enlarged: they are blurred or blocky",
            "turned": "{} rotated upright by EXIF orientation",
            "composited": f"{{}} with transparent pixels composited on {self._background}",
            "kept": "{} with transparency, which is kept as a channel; to composite it, add --channels 1 or 3",
            "deep": f"{{}} of more than 8 bits reduced to 8, the high byte{self._brightest_note()}",
            "profiled": "{} with a colour profile other than sRGB, which was not applied: their colours are off",
            "incomplete": "{} from incomplete progressive JPEGs, which lack scans: blurred or blocky",
            "animated": "{} with several frames or pages, of which the first was used",
            "unreadable": "{} with unreadable EXIF data, not rotated",
        }
        return [text.format(counted(self._counts[key], "image")) for key, text in texts.items() if self._counts[key]]

    def _brightest_note(self) -> str:
        return f" (brightest grey {self._brightest} of {(1 << self._bits) - 1})" if self._brightest else ""
