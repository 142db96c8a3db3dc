"""The arguments of `data` and its commands, with examples for each."""

from pathlib import Path
from typing import Annotated

import typer

from trainer.data.readers.images import LabelSource
from trainer.data.recipes import RECIPES
from trainer.data.registry import REGISTRY
from trainer.data.resize import Fit, ResizeFilter

EXAMPLES = {
    "get": """Examples:
  adasweep data get fashion-mnist-10k       comes with adasweep, needs no network
  adasweep data get fashion-mnist satellite32
""",
    "prepare": """Examples:
  adasweep data prepare ~/photos cats --resolution 128 --fit crop
  adasweep data prepare cifar-10-python.tar.gz cifar10.zip
  adasweep data prepare cifar-100-python.tar.gz cifar100     also writes cifar100-test, for metrics such as fid10k_test
  adasweep data prepare lsun/cat --recipe lsun-cat-256
  adasweep data prepare mnist/ mnist --resolution 32 --fit pad
  adasweep data prepare ffhq-tfrecords/ ffhq --resolution 256 --filter box
  adasweep data prepare animals.zip animals --resolution 64 --labels folders
  adasweep data prepare stickers/ stickers --resolution 64 --channels 3 --background '#808080'
""",
    "verify": """Examples:
  adasweep data verify fashion-mnist-10k
  adasweep data verify ~/photos --json
""",
    "describe": """Examples:
  adasweep data describe fashion-mnist-10k
  adasweep data describe ~/photos.zip --json
""",
    "list": """Example:
  adasweep data list --json
""",
}

NamesArgument = Annotated[list[str], typer.Argument(metavar="NAME", help=f"Data sets to get: {', '.join(REGISTRY)}.")]
DataArgument = Annotated[
    str, typer.Argument(metavar="NAME|PATH", help="Name of a set in STORE/data, or a folder or ZIP.")
]
SourceArgument = Annotated[Path, typer.Argument(metavar="SOURCE", help="Images to convert.")]
TargetArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="TARGET", help="A bare name for STORE/data/NAME.zip, or a path.", show_default="the name of the recipe"
    ),
]
RecipeOption = Annotated[
    str | None,
    typer.Option("--recipe", metavar="NAME", help=f"Convert as a paper did: {', '.join(RECIPES)}."),
]
ResolutionOption = Annotated[
    int | None,
    typer.Option("--resolution", metavar="PIXELS", help="A power of two.", show_default="that of the images"),
]
FitOption = Annotated[
    Fit, typer.Option("--fit", help="Crop to the centre square, pad to a square, or crop to 4:3 and pad.")
]
FilterOption = Annotated[ResizeFilter, typer.Option("--filter", help="Resize filter; affects FID.")]
ChannelsOption = Annotated[
    int | None,
    typer.Option("--channels", min=1, max=4, help="Grey, grey+alpha, RGB, RGBA.", show_default="those of the images"),
]
MaxImagesOption = Annotated[int | None, typer.Option("--max-images", min=1, metavar="N", help="Only the first N.")]
LabelsOption = Annotated[LabelSource, typer.Option("--labels", help="Classes to write.")]
BackgroundOption = Annotated[
    str,
    typer.Option("--background", metavar="COLOUR", help="Background of transparent pixels: a name or #rrggbb."),
]
FollowLinksOption = Annotated[bool, typer.Option("--follow-links", help="Follow symbolic links to folders.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite TARGET.")]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of data sets.", show_default="STORE/data")
]
