"""What a name alone says: picture, video, or surely neither.

Rule: a known extension decides only what is worth looking at; what is sent is decided by the bytes (`jobs.media`).
"""

from functools import lru_cache

from jobs.codes import Code
from jobs.formats.raw import RAW, without_extra
from jobs.items import Kind

_IMAGES = "jpg jpeg jpe jfif jif png apng gif bmp dib tif tiff webp heic heif hif avif jp2 j2k jpf jpx"
# Pictures that no decoder of ours opens: a row with its reason, never sent.
_UNSUPPORTED = (
    "psd psb svg svgz ai eps indd xcf ico icns cur jxl exr hdr crw nrw srf sr2 pef srw x3f 3fr fff iiq rwl mos mrw"
    " kdc dcr erf raw"
)
_VIDEOS = "mp4 m4v mov qt avi mkv webm mpg mpeg mpe m2v mts m2ts 3gp 3g2 wmv asf flv f4v ogv vob dv mxf rm rmvb divx"
_NOT_MEDIA = (
    # text, data, code, documents, archives, sound, fonts, programs, and what cameras and desktops leave behind
    "txt text md rst log csv tsv json jsonl ndjson xml yaml yml toml ini cfg conf properties html htm xhtml css scss"
    " js mjs jsx tsx vue php py pyc pyi ipynb rb go rs java class jar c h cc cpp hpp cs swift kt sh bash zsh bat cmd"
    " ps1 pl lua sql r m tex bib pdf doc docx xls xlsx ppt pptx odt ods odp rtf epub mobi pages numbers key"
    " zip gz tgz bz2 xz zst 7z rar tar lz4 iso dmg deb rpm apk whl egg mp3 wav flac aac ogg oga opus m4a m4b wma aif"
    " aiff mid midi ttf otf woff woff2 eot exe dll so dylib bin msi app com sys xmp aae thm pp3 dop on1 cos lrv lrcat"
    " lrdata db sqlite sqlite3 mdb parquet orc avro feather arrow npy npz h5 hdf5 pkl pickle pt pth onnx safetensors"
    " tmp temp bak swp lock part crdownload torrent lnk url webloc desktop ds_store eml msg vcf ics gpx kml kmz"
    " geojson shp dbf srt vtt ass sub sha1 sha256 md5 asc sig pem crt gpg env plist nfo sfv cue m3u m3u8 pls map"
)
_BY_EXTENSION: dict[str, tuple[Kind, str | None]] = {
    **dict.fromkeys(_IMAGES.split(), ("image", None)),
    **{ext: ("image", without_extra(ext)) for ext in RAW},
    **{ext: ("image", f"{Code.UNSUPPORTED_FORMAT}: {ext}") for ext in _UNSUPPORTED.split()},
    **dict.fromkeys(_VIDEOS.split(), ("video", None)),
    **dict.fromkeys(_NOT_MEDIA.split(), ("other", Code.NOT_MEDIA)),
}


def extension(name: str) -> str:
    """The lower-case extension of a file name or key, without its dot; "" when it has none."""
    stem, dot, ext = name.rpartition("/")[2].rpartition(".")
    return ext.lower() if dot and stem else ""


@lru_cache(maxsize=4096)
def by_extension(ext: str) -> tuple[Kind, str | None] | None:
    """(kind, skip) that a lower-case extension says, None when it says nothing."""
    return _BY_EXTENSION.get(ext)


def of_key(name: str) -> tuple[Kind, str | None]:
    """(kind, skip) of an object that cannot be looked into while listing: one whose name says nothing may be a
    picture, and is looked into before anything is sent."""
    return _BY_EXTENSION.get(extension(name), ("image", None))
