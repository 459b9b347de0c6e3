"""From uploaded files to what the page shows, and from results to what it hands out."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganedit import xmp
from ganedit.budget import PIXELS
from ganedit.errors import UserError
from ganedit.formats import SaveOptions, open_picture, save_picture
from ganedit.image import Picture, thumbnail, to_tensor
from ganedit.provenance import make_recipe
from ganedit.requests import EditResult
from ganedit.ui.damage import looks_damaged
from ganedit.ui.file_choices import FileChoices
from ganedit.ui.i18n import both
from ganedit.ui.session import Outcome, Photo, Previews, Vault, safe_name
from ganedit.ui.status import done_line

PREVIEW_SIDE_PX = 1024
_SLIDER_MEGAPIXELS = 2.0
_THUMB_SIDE_PX = 160
_XMP_KEY = "XML:com.adobe.xmp"  # of a PNG
_PAPER = "white"  # behind transparent pixels: the slider lays one picture over the other


def take_in(upload: Path, vault: Vault, previews: Previews) -> Photo:
    """Move an upload out of the served folder, check it, and make its preview.

    Raises:
        BadImageError: it is not a picture that can be opened.
    """
    with PIXELS.task():
        return _taken_in(upload, vault, previews)


def _taken_in(upload: Path, vault: Vault, previews: Previews) -> Photo:
    picture = open_picture(upload)
    token = vault.folder()
    original = vault.path(token, upload.name)
    shutil.copyfile(upload, original)
    return _photo(picture, token, original, previews)


def take_picture(picture: Picture, name: str, vault: Vault, previews: Previews) -> Photo:
    """Keep a picture that is in memory as if it had been uploaded, without loss, and make its preview.

    Args:
        picture: 8 or 16 bits; its profile and EXIF are kept too.
        name: the file's name without ending.
        vault: where the file goes, as PNG.
        previews: where the preview goes.
    """
    token = vault.folder()
    original = vault.path(token, f"{name}.png")
    save_picture(picture, original, options=SaveOptions(format="png", keep_location=True))
    return _photo(picture, token, original, previews)


def _photo(picture: Picture, token: str, original: Path, previews: Previews) -> Photo:
    previews.remember(token, thumbnail(picture, PREVIEW_SIDE_PX))
    with Image.open(original) as image:
        kind, damaged = image.format or "?", looks_damaged(image, picture)
    return Photo(
        token=token,
        path=original,
        name=safe_name(original.stem),
        kind=kind,
        width=picture.width,
        height=picture.height,
        damaged=damaged,
        notes=picture.notes,
    )


def original_of(photo: Photo | None, vault: Vault) -> Picture:
    """Open the full-size picture of a photo.

    Raises:
        UserError: there is none, or its time is over.
    """
    if photo is None:
        raise UserError(both("ge.error.no_picture"))
    if not vault.path(photo.token, photo.path.name).is_file():
        raise UserError(both("ge.error.expired"))
    return open_picture(photo.path)


def preview_of(photo: Photo, vault: Vault, previews: Previews) -> Picture:
    """Give the small copy of a photo, made anew if it was dropped from memory."""
    small = previews.get(photo.token)
    if small is None:
        with PIXELS.task():
            small = thumbnail(original_of(photo, vault), PREVIEW_SIDE_PX)
        previews.remember(photo.token, small)
    return small


def show_preview(photo: Photo, small: Picture, previews: Previews) -> str:
    """Write a preview as the page shows it and give its path: small pictures enlarged, never by the browser.

    Gradio takes a click to a pixel only in pictures that are not shown larger than they are.
    """
    image = small.to_pil()
    size = shown_size(small.width, small.height)
    return previews.write(photo.token, image if image.size == size else image.resize(size, Image.Resampling.BICUBIC))


def shown_size(width: int, height: int) -> tuple[int, int]:
    """Give (width, height) of the preview of a picture: its longer side is ``PREVIEW_SIDE_PX``."""
    factor = PREVIEW_SIDE_PX / max(width, height)
    return max(1, round(width * factor)), max(1, round(height * factor))


def spot_color(small: Picture, x: int, y: int) -> str:
    """Give the mean color around a spot of the shown preview as ``"#rrggbb"``; one pixel alone would be mostly noise.

    It is the color that an edit computes with, which is that on the screen but for primaries of another gamut.

    Args:
        small: the preview before it was enlarged.
        x: column of the spot, in pixels of ``shown_size``.
        y: row of the spot, likewise.
    """
    radius = 2
    width, height = shown_size(small.width, small.height)
    column = min(max(x * small.width // width, 0), small.width - 1)
    row = min(max(y * small.height // height, 0), small.height - 1)
    around = small.pixels[max(0, row - radius) : row + radius + 1, max(0, column - radius) : column + radius + 1]
    mean = to_tensor(replace(small, pixels=around, alpha=None)).mean(dim=(0, 2, 3)) * 255
    return "#{:02x}{:02x}{:02x}".format(*(round(float(level)) for level in mean))


def outcome_of(result: EditResult, before: Picture, stem: str, file: FileChoices, vault: Vault) -> Outcome:
    """Write everything the page needs of a result: slider copies, a small one for the history, and the file.

    Args:
        result: the edit.
        before: what the slider compares it with.
        stem: name of the file without ending.
        file: what the file should be like.
        vault: where everything goes.
    """
    token = vault.folder()
    after = _flat(result.images[0])
    shrink = min(1.0, (_SLIDER_MEGAPIXELS * 1e6 / (after.width * after.height)) ** 0.5)
    shown = (max(1, int(after.width * shrink)), max(1, int(after.height * shrink)))
    after = after.resize(shown, Image.Resampling.LANCZOS, reducing_gap=3.0)
    compared = _flat(before).resize(shown, Image.Resampling.BICUBIC)
    small = after.copy()
    small.thumbnail((_THUMB_SIDE_PX, _THUMB_SIDE_PX), Image.Resampling.LANCZOS)
    paths = [vault.path(token, f"{name}.png") for name in ("before", "after", "thumb")]
    mark = PngInfo()  # what is shown can be kept too
    mark.add_itxt(_XMP_KEY, xmp.pack(None, result.images[0].source_type).decode())
    for path, image, info in zip(paths, (compared, after, small), (None, mark, mark), strict=True):
        image.save(path, compress_level=1, pnginfo=info)
    download = write_download(result, token, stem, file, vault)
    return Outcome(token, paths[0], paths[1], paths[2], download, done_line(result))


def write_download(result: EditResult, token: str, stem: str, file: FileChoices, vault: Vault) -> Path:
    """Write the full-size file into the folder of an outcome and give its path; the rest as in ``outcome_of``."""
    ending = {"jpeg": "jpg"}.get(file.format, file.format)
    path = vault.path(token, f"{stem}.{ending}")
    save_picture(result.images[0], path, options=file.save_options, recipe=make_recipe(result) if file.embed else None)
    return path


def marked_image(picture: Picture) -> Image.Image:
    """Give a new picture for a component that shows PNG: gradio writes the texts in ``info`` into its file."""
    image = picture.to_pil()
    image.info[_XMP_KEY] = xmp.pack(None, picture.source_type).decode()
    return image


def blank_picture(width: int, height: int) -> Picture:
    """Give a picture that has a size and takes no memory: estimates read nothing else."""
    return Picture(np.broadcast_to(np.zeros(3, np.uint8), (height, width, 3)))


def _flat(picture: Picture) -> Image.Image:
    image = picture.to_pil()
    if image.mode != "RGBA":
        return image.convert("RGB")
    flat = Image.new("RGB", image.size, _PAPER)
    flat.paste(image, mask=image.getchannel("A"))
    return flat
