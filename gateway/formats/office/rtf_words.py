"""The control words of RTF that matter to who reads the text (Rich Text Format Specification 1.9.1)."""

from __future__ import annotations

from typing import Final

#: What stands for letters.
LETTERS: Final = {
    "par": "\n", "line": "\n", "sect": "\n", "page": "\n", "column": "\n", "row": "\n", "nestrow": "\n", "tab": "\t",
    "cell": "\t", "nestcell": "\t", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
    "endash": "–", "emdash": "—", "emspace": " ", "enspace": " ", "qmspace": " ", "softline": "\n",
}  # fmt: skip
#: Signs after a backslash; a line end there is a paragraph.
SIGNS: Final = {
    "~": "\N{NO-BREAK SPACE}", "_": "\N{NON-BREAKING HYPHEN}", "\\": "\\", "{": "{", "}": "}", "\n": "\n",
    "\r": "\n", "\t": "\t",
}  # fmt: skip
#: Destinations that hold no text of the page. Those announced by \* are unseen too, unless named in SHOWN.
UNSEEN: Final = frozenset(
    """
    fonttbl colortbl stylesheet info pict fldinst listtable listoverridetable revtbl filetbl rsidtbl themedata datastore
    colorschememapping latentstyles generator template private docvar tc tcn xe rxe txe annotation atnid atnauthor
    atndate atnref atnicn atnparent bkmkstart bkmkend nonshppict shprslt objclass objname objdata xmlnstbl mmathPr
    nonesttables upr pnseclvl keywords ftncn aftncn do falt panose fontemb formfield ffname shpinst shppict sp
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
#: Destinations that hold text, even inside unseen ones, and the stream into which it goes.
SHOWN: Final = {
    "header": "head", "headerl": "head", "headerr": "head", "headerf": "head", "footer": "foot", "footerl": "foot",
    "footerr": "foot", "footerf": "foot", "footnote": "notes", "shptxt": "beside", "dptxbxtext": "beside", "ud": "",
    "fldrslt": "", "result": "", "pntext": "", "listtext": "",
}  # fmt: skip
#: Of those, the ones that an unseen group around them hides all the same.
INHERITING: Final = frozenset({"fldrslt", "result", "pntext", "listtext"})
#: \fcharset to the encoding of its letters; 2 is a symbol font.
CHARSETS: Final = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
    254: "cp437", 255: "cp850",
}  # fmt: skip
SYMBOL_CHARSET: Final = 2
DOCUMENT_CHARSETS: Final = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
