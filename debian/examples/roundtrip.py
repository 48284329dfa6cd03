#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""roundtrip.py NODE

Like roundtrip.c: sends a pattern from one end of a buffer to the memory of QEMU's
edu card, and from there to the other end of the buffer, both times by DMA of the
card. Then compares both ends. NODE is /dev/pcibufN or a link to it. The program gets
everything else by ioctl, as a program in a container does. The buffer may have
several segments. Needs only the standard library; see linux/pcibuf.h.
"""
import array
import fcntl
import mmap
import os
import struct
import sys
import time

IOC_INFO = 0xB700
IOC_SEGMENTS = 0xB701
NO_DMA_ADDR = 2**64 - 1
# argsz, flags, id, size, dma_addr, nr_segments, index, backing, minor, card, label
INFO = struct.Struct("=2I3Q4I32s32s")
# argsz, flags, first, count, segments
SEGMENTS = struct.Struct("=4IQ")

BAR_SIZE = 0x100000
EDU_ID = 0x010000ED
# Register numbers; each register has 8 bytes.
SRC, DST, COUNT, COMMAND = (offset // 8 for offset in (0x80, 0x88, 0x90, 0x98))
START, TO_RAM = 1, 2
CARD_MEMORY = 0x40000
# Bytes that the card moves at once: no more than its own memory holds.
LENGTH = 4000


def info(fd):
    """Return the description of the buffer, a dictionary by field name."""
    answer = bytearray(INFO.pack(INFO.size, *[0] * 8, b"", b""))
    fcntl.ioctl(fd, IOC_INFO, answer)
    names = "argsz flags id size dma_addr nr_segments index backing minor card label"
    return dict(zip(names.split(), INFO.unpack(answer)))


def segments(fd, count):
    """Return the segments, a list of (offset, bus address, length)."""
    room = array.array("Q", bytes(24 * count))
    query = SEGMENTS.pack(SEGMENTS.size, 0, 0, count, room.buffer_info()[0])
    found = SEGMENTS.unpack(fcntl.ioctl(fd, IOC_SEGMENTS, query))[3]
    return [tuple(room[3 * i:3 * i + 3]) for i in range(found)]


def text(field):
    return field.rstrip(b"\0").decode()


def move(registers, source, target, direction):
    """Let the card copy LENGTH bytes, and wait until the card has finished."""
    registers[SRC], registers[DST], registers[COUNT] = source, target, LENGTH
    registers[COMMAND] = START | direction
    for _ in range(1000):
        if not registers[COMMAND] & START:
            return
        time.sleep(0.01)
    sys.exit("the card does not finish")


def map_card(address):
    with open(f"/sys/bus/pci/devices/{address}/resource0", "r+b", 0) as file:
        bar = mmap.mmap(file.fileno(), BAR_SIZE)
    if memoryview(bar).cast("I")[0] != EDU_ID:
        sys.exit(f"{address} is not an edu card")
    return memoryview(bar).cast("Q")


def main(node):
    fd = os.open(node, os.O_RDWR)
    facts = info(fd)
    ranges = segments(fd, facts["nr_segments"])
    print(f"{text(facts['label']) or facts['index']} of {text(facts['card'])}:",
          f"{facts['size']} bytes in {len(ranges)} segment(s)")
    memory = mmap.mmap(fd, facts["size"])
    registers = map_card(text(facts["card"]))

    # The ends of the buffer: start of its first segment, end of its last segment.
    first = ranges[0][1]
    last = ranges[-1][1] + ranges[-1][2] - LENGTH
    pattern = bytes(i * 7 + i // 256 + 1 & 255 for i in range(LENGTH))
    memory[:LENGTH] = pattern
    memory[-LENGTH:] = bytes(LENGTH)
    move(registers, first, CARD_MEMORY, 0)
    print(f"card read {LENGTH} bytes from bus address {first:#x}")
    move(registers, CARD_MEMORY, last, TO_RAM)
    print(f"card wrote them to bus address {last:#x}")
    if memory[-LENGTH:] != pattern:
        sys.exit(f"the last {LENGTH} bytes differ")
    print(f"the last {LENGTH} bytes of the mapping are the pattern")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
