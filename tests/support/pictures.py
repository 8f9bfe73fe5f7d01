"""Pictures in every format that cards may have, with secrets in their metadata, written by Pillow."""

from __future__ import annotations

import io

SECRET = b"SECRET PLACE"


def picture(form: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (60, 40), **options) -> bytes:
    """A picture file with metadata: `picture("JPEG", progressive=True)`."""
    from PIL import Image, PngImagePlugin

    image = Image.linear_gradient("L").resize(size).convert(mode)
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    if form == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", SECRET.decode())
        options["pnginfo"] = text
    if form in {"GIF", "JPEG"}:
        options["comment"] = SECRET
    if form == "WEBP":
        options["xmp"] = SECRET
    if form != "GIF":
        options["exif"] = exif
    file = io.BytesIO()
    image.save(file, form, **options)
    assert SECRET in file.getvalue() or form == "PNG"
    return file.getvalue()


def animation(form: str = "GIF", frames: int = 3) -> bytes:
    """An animation."""
    from PIL import Image

    image = Image.linear_gradient("L").resize((30, 20)).convert("RGB")
    file = io.BytesIO()
    turned = [image.rotate(20 * turn) for turn in range(1, frames)]
    image.save(file, form, save_all=True, append_images=turned, loop=0, duration=40)
    return file.getvalue()
