"""What falls due when, as a function of the image counter alone: an interrupted run keeps its appointments."""


def is_due(every_kimg: float, before: int, after: int) -> bool:
    """Return whether a multiple of `every_kimg` lies in (before, after], counted in images."""
    every = every_kimg * 1000
    return int(after / every) > int(before / every)


def is_on(every_kimg: float, images: int, batch: int) -> bool:
    """Return whether something due every `every_kimg` falls on the iteration that ended at `images`."""
    return images > 0 and is_due(every_kimg, images - batch, images)
