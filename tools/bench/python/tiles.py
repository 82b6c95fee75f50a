"""Reads patches with OpenSlide's own Python interface; the other side of tools/bench/src/tiles.ts.

Questions and answers are JSON lines. A question is {slide, size, coordinates: [[x, y], ...], threads}; the answer is
{seconds, cpuSeconds, digest}, the SHA-256 of the RGB pixels of all patches in order, which is not part of the seconds.
"""

import hashlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy
import openslide


def read_all(question):
    size = question["size"]
    with openslide.OpenSlide(question["slide"]) as slide:

        def read(corner):
            argb = slide.read_region(tuple(corner), 0, (size, size))
            return numpy.ascontiguousarray(numpy.asarray(argb)[..., :3])

        if question["threads"] == 1:
            return [read(corner) for corner in question["coordinates"]]
        with ThreadPoolExecutor(question["threads"]) as pool:
            return list(pool.map(read, question["coordinates"]))


for line in sys.stdin:
    question = json.loads(line)
    started, cpu_started = time.perf_counter(), time.process_time()
    patches = read_all(question)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    digest = hashlib.sha256()
    for patch in patches:
        digest.update(patch)
    print(json.dumps({"seconds": seconds, "cpuSeconds": cpu_seconds, "digest": digest.hexdigest()}), flush=True)
