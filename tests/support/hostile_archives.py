"""A corpus of hostile archives: each with the sentence that refuses it."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zlib
from collections.abc import Callable

from tensorflow_hub.format.archive.tar_header import BLOCK, END, file_header, padding

CORPUS: dict[str, tuple[Callable[[], bytes], str]] = {}


def hostile(sentence: str):
    """Registers a maker of an archive and (a pattern of) the sentence it is refused with."""

    def register(make):
        CORPUS[make.__name__] = make, sentence
        return make

    return register


def member(path: str, data: bytes = b"x") -> bytes:
    return file_header(path, len(data)) + data + bytes(padding(len(data)))


def header(name: bytes, kind: bytes = b"0", size: int = 0, *, link: bytes = b"", size_field: bytes = b""):
    block = bytearray(BLOCK)
    block[: len(name)] = name
    block[100:108] = b"0000644\0"
    block[124:136] = size_field or b"%011o\0" % size
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pax(records: bytes, kind: bytes = b"x") -> bytes:
    return header(b"pax", kind, len(records)) + records + bytes(padding(len(records)))


def with_tarfile(info: tarfile.TarInfo, data: bytes = b"") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def entry(name: str, kind: bytes, link: str = "") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return with_tarfile(info)


# --- names ---------------------------------------------------------------------------------------


@hostile(r"paths inside the module, got '\.\./evil', which leaves it")
def traversal():
    return member("../evil") + END


@hostile(r"paths inside the module, got 'a/\.\./\.\./evil', which leaves it")
def traversal_in_the_middle():
    return member("a/../../evil") + END


@hostile(r"paths inside the module, got '\.\.', which leaves it")
def parent_directory():
    return header(b"..", b"5") + END


@hostile(r"relative paths, got the absolute '/etc/passwd'")
def absolute():
    return member("/etc/passwd") + END


@hostile(r"relative paths, got the absolute 'C:/Windows/evil'")
def windows_drive():
    return member("C:/Windows/evil") + END


@hostile(r"'/' between the names of a path, got a backslash in 'a.{2,4}b'")
def backslash():
    return member("a\\b") + END


@hostile(r"paths of printable UTF-8 text, got 'a\\nb'")
def control_character():
    return member("a\nb") + END


@hostile(r"paths of printable UTF-8 text, got 'a\\x00b'")
def nul_in_a_pax_name():
    return pax(b"12 path=a\0b\n") + member("a") + END


@hostile(r"paths in UTF-8, got b'a\\xff'")
def not_utf8():
    return header(b"a\xff") + END


@hostile(r"names that every system allows, got 'aux.txt' in 'assets/aux.txt': not for Windows")
def reserved_on_windows():
    return member("assets/aux.txt") + END


@hostile(r"names that every system allows, got 'a:stream'")
def alternate_data_stream():
    return member("a/a:stream") + END


@hostile(r"names that every system allows, got 'saved_model.pb\.'")
def trailing_dot():
    return member("saved_model.pb.") + END


@hostile(r"names of at most 255 bytes, got 300")
def long_name():
    return member("n" * 300) + END


@hostile(r"paths of at most 1024 bytes")
def long_path():
    return member("/".join(["d" * 100] * 20)) + END


@hostile(r"at most 32 nested directories")
def deep_path():
    return member("/".join("d" * 40)) + END


@hostile(r"a name for every file, got an empty one")
def empty_name():
    return header(b"./", b"0")[:0] + pax(b"10 path=.\n") + member("x") + END


# --- names on each other -------------------------------------------------------------------------


@hostile(r"every path once, got 'a' twice")
def duplicate():
    return member("a") + member("./a", b"y") + END


@hostile(r"every path once, got 'a' twice")
def file_in_a_file():
    return member("a") + member("a/b") + END


@hostile(r"every path once, got 'a' twice")
def file_for_a_directory():
    return member("a/b") + member("a") + END


@hostile(r"differ by more than case or accents, got 'Model.pb' and 'model.PB'")
def case_collision():
    return member("Model.pb") + member("model.PB") + END


@hostile(r"differ by more than case or accents, got 'Assets' and 'assets'")
def case_collision_of_directories():
    return member("Assets/a") + member("assets/b") + END


@hostile(r"differ by more than case or accents")
def unicode_normalisation():
    return member("\u00e9") + member("e\u0301") + END


@hostile(r"differ by more than case or accents, got 'ß' and 'SS'")
def case_folding_to_two_letters():
    return member("ß") + member("SS") + END


# --- kinds of entries ----------------------------------------------------------------------------


@hostile(r"files and directories only, got a symbolic link: 'link'")
def symbolic_link():
    return entry("link", tarfile.SYMTYPE, "/etc/passwd")


@hostile(r"files and directories only, got a symbolic link: 'variables'")
def file_through_a_link():
    return header(b"variables", b"2", link=b"/tmp") + member("variables/evil") + END


@hostile(r"files and directories only, got a hard link: 'link'")
def hard_link():
    return member("a") + header(b"link", b"1", link=b"a") + END


@hostile(r"files and directories only, got a character device: 'null'")
def character_device():
    return entry("null", tarfile.CHRTYPE)


@hostile(r"files and directories only, got a block device: 'sda'")
def block_device():
    return entry("sda", tarfile.BLKTYPE)


@hostile(r"files and directories only, got a named pipe: 'pipe'")
def named_pipe():
    return entry("pipe", tarfile.FIFOTYPE)


@hostile(r"files and directories only, got a sparse file: 'sparse'")
def gnu_sparse():
    return header(b"sparse", b"S") + END


@hostile(r"plain files, got a sparse file in a pax header")
def pax_sparse():
    return pax(b"22 GNU.sparse.major=1\n") + member("a") + END


@hostile(r"files and directories only, got a contiguous file: 'a'")
def contiguous():
    return header(b"a", b"7") + END


@hostile(r"files and directories only, got an entry of the unknown type b'Z': 'a'")
def unknown_type():
    return header(b"a", b"Z") + END


@hostile(r"pax headers of single files, got 'linkpath'")
def pax_link():
    return pax(b"18 linkpath=/etc/\n") + member("a") + END


@hostile(r"a directory without content, got 5 bytes in 'd'")
def directory_with_content():
    return header(b"d/", b"5", 5) + b"12345" + bytes(507) + END


@hostile(r"pax headers of single files, got 'path' in a pax header")
def global_path():
    return pax(b"10 path=b\n", b"g") + member("a") + END


# --- numbers -------------------------------------------------------------------------------------


@hostile(r"a tar header with a correct checksum")
def wrong_checksum():
    block = bytearray(header(b"a"))
    block[0] ^= 1
    return bytes(block) + END


@hostile(r"a size in octal digits in a tar header, got b'-0000000001")
def negative_size():
    return header(b"a", size_field=b"-0000000001\0") + END


@hostile(r"a size of zero or more in a tar header, got a negative one")
def negative_size_in_base_256():
    return header(b"a", size_field=b"\xff" * 12) + END


@hostile(r"at most 68,719,476,736 bytes of files, got")
def enormous_size():
    return header(b"a", size_field=b"\x80" + b"\x7f" * 11) + END


@hostile(r"(Expected 68,000,000,000 bytes of free disk space|a part of it)")
def more_than_the_disk():
    return header(b"a", size_field=b"\x80" + (68_000_000_000).to_bytes(11, "big")) + END


@hostile(r"a size in digits in a pax header, got b'-1'")
def pax_negative_size():
    return pax(b"11 size=-1\n") + member("a") + END


@hostile(r"pax records of the form 'length key=value', got b'999 path=a")
def pax_record_beyond_its_end():
    return pax(b"999 path=a\n") + member("a") + END


@hostile(r"pax records of the form")
def pax_record_of_length_zero():
    return pax(b"0 path=a\n") + member("a") + END


@hostile(r"extended headers of at most 65,536 bytes, got 8,589,934,591")
def enormous_long_name():
    return header(b"././@LongLink", b"L", (8 << 30) - 1) + END


# --- bombs, cuts, tails --------------------------------------------------------------------------


@hostile(r"unpacks to at most 100 times its size, got .* a decompression bomb")
def bomb():
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    size = 300 << 20
    data = pack.compress(file_header("a", size))
    zeros = bytes(1 << 20)
    return data + b"".join(pack.compress(zeros) for _ in range(300)) + pack.compress(END) + pack.flush()


@hostile(r"at most 50,000 files and directories, got more")
def very_many_names():
    return gzip.compress(b"".join(header(b"%d/" % n, b"5") for n in range(50_001)) + END, 1)


@hostile(r"an empty stream")
def nothing():
    return b""


@hostile(r"files in the archive, got none")
def no_files():
    return header(b"./", b"5") + END


@hostile(r"a part of it that ends inside of a file|a truncated gzip stream")
def truncated():
    return gzip.compress(member("a", bytes(range(256)) * 100) + END)[:-200]


@hostile(r"a truncated gzip stream")
def truncated_before_its_checksum():
    return gzip.compress(member("a") + END)[:-4]


@hostile(r"a part of it that ends inside of a file")
def truncated_tar():
    return member("a", bytes(5000))[:3000]


@hostile(r"a part of it that ends inside of a file")
def no_end_of_archive():
    return member("a")


@hostile(r"two blocks of zeros at the end of the archive, got other data")
def one_block_of_zeros():
    return member("a") + bytes(BLOCK) + member("b") + END


@hostile(r"nothing after the end of the archive, got trailing data")
def second_archive():
    return member("a") + END + member("b") + END


@hostile(r"nothing after the end of the gzip stream, got trailing data")
def trailing_data():
    return gzip.compress(member("a") + END) + b"#!/bin/sh"


@hostile(r"nothing after the end of the archive, got trailing data")
def second_gzip_member_with_an_archive():
    return gzip.compress(member("a") + END) + gzip.compress(member("b") + END)


@hostile(r"nothing after the end of the archive, got trailing data")
def endless_zeros():
    return gzip.compress(member("a") + END + bytes(8 << 20))


@hostile(r"an intact gzip stream, got a damaged one")
def wrong_checksum_of_gzip():
    data = bytearray(gzip.compress(member("a") + END))
    data[-8:-4] = struct.pack("<I", 12345)
    return bytes(data)


@hostile(r"an intact gzip stream, got a damaged one")
def gzip_of_garbage():
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + b"\xff" * 100


@hostile(r"a tar archive, plain or gzipped, got something else")
def a_page_of_html():
    return b"<!DOCTYPE html><title>Not found</title>" * 30


@hostile(r"a tar archive, plain or gzipped, got 15 bytes of another kind")
def a_sentence():
    return b"No such module."


@hostile(r"Expected gzip members of at least 1,024 bytes on average, got 1,025 of them in 1,048,576")
def very_many_members():
    return gzip.compress(b"", 1) * 100_001


@hostile(r"two blocks of zeros at the end")
def long_name_of_nothing():
    return header(b"././@LongLink", b"L", 3) + b"abc" + bytes(509) + END
