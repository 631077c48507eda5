"""What most organisers do: a table from extension to category, written down without a look at any evaluation set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_EXTENSIONS: Final[Mapping[str, str]] = {
    "archive": "zip tar gz tgz bz2 tbz2 xz txz 7z rar zst lz lzma z cab cpio",
    "automotive_technical": "dbc arxml a2l odx pdx ldf kcd mf4 mdf blf cdd",
    "backup_versioned": "bak old orig backup save",
    "business_presentation": "ppt pptx pps ppsx pot potx odp otp key",
    "business_spreadsheet": "xls xlsx xlsm xlsb xlt xltx ods ots numbers gnumeric",
    "cache_package_manager": "pom",
    "compiled_code": "so o a pyc pyo class dll elc ko lib beam wasm node",
    "contact_vcard": "vcf vcard ldif",
    "dependency_python": "whl egg",
    "design_cad": "dxf dwg step stp iges igs stl scad fcstd ipt sldprt 3mf obj",
    "design_document": "psd psb xcf indd sketch fig kra blend afdesign afphoto xd sla ora",
    "design_vector": "svg svgz eps ai cdr wmf emf odg vsd vsdx",
    "financial_document": "ofx qif qfx mt940 sta gnucash",
    "game_data": "wad pak sav nbt pgn sgf nes gba rom",
    "git_metadata": "gitignore gitattributes gitmodules gitkeep",
    "media_audio": "mp3 wav flac ogg oga opus m4a aac wma aiff aif mid midi m3u m3u8 pls mod xm au",
    "media_graphic": "png gif ico bmp webp xpm",
    "media_photo": "jpg jpeg heic heif nef cr2 dng arw raf orf tif tiff",
    "personal_document": "doc docx odt rtf pages",
    "personal_health": "dcm hl7",
    "software_installer": "exe msi deb rpm dmg pkg apk appimage xpi vsix iso jar snap flatpakref",
    "source_header": "h hpp hh hxx",
    "technical_config": "ini cfg conf toml yaml yml json xml properties env plist",
    "technical_database": "db sqlite sqlite3 db3 mdb accdb sql dbf",
    "technical_dataset": "csv tsv parquet h5 hdf5 npy npz mat geojson feather arff rda rds nc",
    "technical_documentation": "md rst adoc man 1 3 5 8 texi tex info",
    "technical_log": "log",
    "technical_manual": "pdf",
    "technical_script": "py js ts sh c cpp cc java go rs rb pl php lua r jl ipynb patch diff bat ps1 swift kt cs",
    "web_bookmark": "url webloc",
    "web_font": "ttf otf woff woff2 ttc eot pfb",
    "web_page": "html htm xhtml mhtml",
    "web_stylesheet": "css scss sass less styl",
}
LABELS: Final[Mapping[str, str]] = {
    extension: category for category, extensions in _EXTENSIONS.items() for extension in extensions.split()
}


def label_by_extension(name: str) -> str | None:
    """The category of the file name's extension, or `None` where it is in no table."""
    if name.endswith("~"):
        return "backup_versioned"
    _, dot, extension = name.rpartition(".")
    return LABELS.get(extension.lower()) if dot else None
