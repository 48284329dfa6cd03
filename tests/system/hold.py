# SPDX-License-Identifier: GPL-2.0-only
"""hold.py NODE: map a buffer, and keep the mapping.

Writes a word to the middle of the mapping and prints "mapped". For each line on
stdin, checks that the mapping and the file still have the word, and writes the
next word. Ends when stdin ends.
"""
import mmap
import os
import sys

fd = os.open(sys.argv[1], os.O_RDWR)
size = os.lseek(fd, 0, os.SEEK_END)
memory = mmap.mmap(fd, size)
middle = size // 2
number = 0

while True:
    word = b"word %d" % number
    memory[middle:middle + len(word)] = word
    print("mapped" if number == 0 else "still there", flush=True)
    if not sys.stdin.readline():
        break
    if memory[middle:middle + len(word)] != word:
        sys.exit("the mapping has lost it")
    if os.pread(fd, len(word), middle) != word:
        sys.exit("the file has lost it")
    number += 1
