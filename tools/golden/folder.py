#!/usr/bin/python3
"""Prints a folder of pictures by class, and how torchvision's ImageFolder takes it.

    tools/golden/folder.py > tests/golden/folder.txt

A line is one of

    file PATH          a picture or another file, in the order in which it is made
    class LABEL NAME   a class of ImageFolder
    sample LABEL PATH  a sample of it, in its order

Needs Debian's python3-torchvision.
"""
import os
import tempfile

import torchvision
from torchvision.datasets import ImageFolder

FILES = [
    "dog/3.png", "dog/10.png", "dog/1.PNG", "dog/readme.txt", "dog/no_ending", "dog/a.png.txt",
    "cat/z.png", "cat/a-b/1.png", "cat/a/z/1.png", "cat/a/2.png", "cat/a/z.png", "cat/B.png", "cat/b.png",
    "Cat/one.png", "cat2/x.png", "c/only.png", "10/n.png", "9/n.png", "\u00e9t\u00e9/soleil.png", "zebra/\u5199\u771f.png",
    "_/under.png", "top.png", "cat/with space.png", "dog/deep/er/and/er/2.png",
]

with tempfile.TemporaryDirectory() as root:
    for name in FILES:
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").close()
        print("file", name)
    data = ImageFolder(root)
    for label, name in enumerate(data.classes):
        print("class", label, name)
    for path, label in data.samples:
        print("sample", label, os.path.relpath(path, root))
