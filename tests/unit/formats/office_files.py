"""DOCX and ODT made in memory. Every person is invented."""

from __future__ import annotations

import io

from PIL import Image

from tests.unit.formats.builders import zipped

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_NAMES = (
    f'xmlns:w="{W}" xmlns:r="{R}" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_ODF = (
    " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for short, name in (
            ("office", "office"),
            ("text", "text"),
            ("table", "table"),
            ("style", "style"),
            ("draw", "drawing"),
            ("svg", "svg-compatible"),
            ("fo", "xsl-fo-compatible"),
        )
    )
    + ' xmlns:xlink="http://www.w3.org/1999/xlink"'
)
ODT = "application/vnd.oasis.opendocument.text"


def p(*runs: str, properties: str = "") -> str:
    """A Word paragraph of runs made by ``r``, or of plain words."""
    inner = "".join(run if run.startswith("<") else r(run) for run in runs)
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def r(text: str, properties: str = "") -> str:
    """A Word run."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def table(*rows: tuple[str, ...]) -> str:
    """A Word table of cells, each a paragraph, or several cut by line ends."""
    cells = ("".join(f"<w:tc>{''.join(map(p, cell.split(chr(10))))}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl><w:tblPr/>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def docx(*body: str, main: str = "word/document.xml", types: str = _MAIN, **parts: str | bytes) -> bytes:
    """A DOCX. ``parts``: header1, footer1, styles, numbering, footnotes, settings (inner XML), image1 (PNG)."""
    kinds = {"header1": "hdr", "footer1": "ftr", "image1": "image"}
    names = {name: f"media/{name}.png" if name.startswith("image") else f"{name}.xml" for name in parts}
    relations = "".join(
        f'<Relationship Id="{name}" Target="{names[name]}" Type="{R}/{name.rstrip("1")}"/>' for name in parts
    )
    files: dict[str, bytes] = {
        "[Content_Types].xml": _xml("Types", f'<Override PartName="/{main}" ContentType="{types}"/>'),
        "_rels/.rels": _xml("Relationships", f'<Relationship Id="m" Target="{main}" Type="{R}/officeDocument"/>'),
        main: _xml("w:document", f"<w:body>{''.join(body)}</w:body>"),
        f"word/_rels/{main.rpartition('/')[2]}.rels": _xml("Relationships", relations),
    }
    for name, content in parts.items():
        root = f"w:{kinds.get(name, name)}"
        files[f"word/{names[name]}"] = content if isinstance(content, bytes) else _xml(root, content)
    return zipped(files)


def section(*references: str, properties: str = "") -> str:
    """The last section, with its headers and footers: ``header:default:header1``."""
    made = (one.split(":") for one in references)
    inner = "".join(f'<w:{kind}Reference w:type="{of}" r:id="{number}"/>' for kind, of, number in made)
    return f"<w:sectPr>{inner}{properties}</w:sectPr>"


def odt(body: str, *, styles: str = "", automatic: str = "", mimetype: str = ODT, **files: bytes) -> bytes:
    """An ODT; ``styles`` goes into styles.xml, ``automatic`` into the automatic styles of the text."""
    content = f"<office:automatic-styles>{automatic}</office:automatic-styles><office:body><office:text>{body}"
    return zipped(
        {
            "mimetype": mimetype.encode(),
            "content.xml": _odf("document-content", f"{content}</office:text></office:body>"),
            "styles.xml": _odf("document-styles", styles),
            "META-INF/manifest.xml": b"<manifest/>",
            **{f"Pictures/{name}.png": data for name, data in files.items()},
        }
    )


def fodt(body: str) -> bytes:
    """A flat OpenDocument text."""
    inner = f"<office:body><office:text>{body}</office:text></office:body>"
    return f'<?xml version="1.0"?><office:document {_ODF} office:mimetype="{ODT}">{inner}</office:document>'.encode()


def picture(width: int = 60, height: int = 40, *, mode: str = "RGB", codec: str = "PNG") -> bytes:
    """A picture whose pixels all differ from their neighbours."""
    image = Image.new(mode, (width, height))
    image.putdata([_pixel(mode, at) for at in range(width * height)])
    out = io.BytesIO()
    image.save(out, codec)
    return out.getvalue()


def _pixel(mode: str, at: int) -> int | tuple[int, ...]:
    value = (at * 37 + 11) % 256
    return {"L": value, "1": value % 2, "P": value}.get(mode, (value, 255 - value, at % 251, 255)[: len(mode)])


def _xml(root: str, inner: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><{root} {_NAMES}>{inner}</{root}>'.encode()


def _odf(root: str, inner: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><office:{root} {_ODF}>{inner}</office:{root}>'.encode()
