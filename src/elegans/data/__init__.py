"""Data sets, one file each: `build(root, **settings)` gives uint8 images [n, c, h, w] and int64 labels [n].

A file also has `about = About(...)` and, where there are files to find, `files = Files(...)`; see docs/extending.md.
"""
