"""Real files, made on the spot: sound through FFmpeg, documents by hand."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest

SoundWriter = Callable[..., Path]
PdfWriter = Callable[..., Path]

_CODECS = {
    ".wav": "pcm_s16le",
    ".mp3": "libmp3lame",
    ".flac": "flac",
    ".ogg": "vorbis",
    ".opus": "libopus",
    ".m4a": "aac",
}


@pytest.fixture
def write_sound(tmp_path: Path) -> SoundWriter:
    """Write a tone, or given samples in −1…1, in the format of the name's extension."""

    def write(
        name: str,
        samples: np.ndarray | None = None,
        *,
        seconds: float = 2.0,
        hertz: float = 440.0,
        rate_hz: int = 48_000,
        tags: dict[str, str] | None = None,
        codec: str = "",
    ) -> Path:
        if samples is None:
            t = np.arange(int(seconds * rate_hz)) / rate_hz
            samples = 0.5 * np.sin(2 * np.pi * hertz * t)
        path = tmp_path / name
        with av.open(str(path), "w", format="ogg" if path.suffix == ".opus" else None) as out:
            out.metadata.update(tags or {})
            codec = codec or _CODECS[path.suffix]
            layout = "stereo" if codec == "vorbis" else "mono"  # all that FFmpeg's own encoder can
            stream = out.add_stream(codec, rate=rate_hz, layout=layout)
            stream.codec_context.options = {"strict": "experimental"}
            scaled = (samples * 32767).round().clip(-32768, 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(scaled[None], format="s16", layout="mono")
            frame.sample_rate = rate_hz
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                out.mux(packet)
        return path

    return write


@pytest.fixture
def write_pdf(tmp_path: Path) -> PdfWriter:
    """Write a document of given lines a page; with ``password``, encrypted (RC4, 40 bits)."""

    def write(
        name: str,
        pages: Sequence[Sequence[str]],
        *,
        title: str = "",
        password: str = "",
        size: tuple[int, int] = (595, 842),
    ) -> Path:
        path = tmp_path / name
        path.write_bytes(_pdf(pages, title, password, size))
        return path

    return write


@pytest.fixture
def write_plain_png(tmp_path: Path) -> Callable[..., Path]:
    """Write a black square PNG of one bit a pixel, or only its first ``rows``."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    def write(name: str, side: int, rows: int) -> Path:
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
        body = chunk(b"IDAT", zlib.compress(bytes(rows * (1 + (side + 7) // 8)), 1))
        path = tmp_path / name
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b""))
        return path

    return write


def _pdf(pages: Sequence[Sequence[str]], title: str, password: str, size: tuple[int, int]) -> bytes:
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for n, lines in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents "
            f"{5 + 2 * n} 0 R /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        shown = "".join(f"({line}) Tj 0 -16 Td\n" for line in lines)
        stream = f"BT /F1 12 Tf 40 {size[1] - 60} Td\n{shown}ET".encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    objects.append(f"<< /Title ({title}) >>".encode())
    info = len(objects)
    if password:
        objects.append(_encryption(password))
    return _assemble(objects, info, len(objects) if password else 0)


def _assemble(objects: Sequence[bytes], info: int, encrypt: int) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for n, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (n, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    lock = b"/Encrypt %d 0 R /ID [<%s><%s>]" % (encrypt, b"00" * 16, b"00" * 16)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R %s >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        info,
        lock if encrypt else b"",
        start,
    )
    return bytes(out)


_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def _encryption(password: str) -> bytes:
    """The standard security handler, revision 2 (ISO 32000-1, 7.6.3)."""
    padded = (password.encode() + _PAD)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    permissions = (-4).to_bytes(4, "little", signed=True)
    key = hashlib.md5(padded + owner + permissions + bytes(16)).digest()[:5]
    return b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (
        owner.hex().encode(),
        _rc4(key, _PAD).hex().encode(),
    )


def _rc4(key: bytes, data: bytes) -> bytes:
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)
