"""What the Python sides of the training-step benchmark share: one JSON object a line in, one out.

The first line is the configuration: {"network", "savedModel", "tensors", "directory", "n", "threads", "learningRate",
"logSumExp"}; the directory holds raw little-endian arrays: tiles.u8, parameters.f32, bag_gradient.f32,
bag_embedding.f32. The answer tells the versions; the first gradient is left in the directory. Every further line
{"steps": k} runs k training steps and answers with the seconds and the processor seconds of each.
"""

import json
import os
import resource
import sys
import time


class Inputs:
    def __init__(self, configuration):
        import numpy

        def load(name, kind):
            return numpy.fromfile(os.path.join(configuration["directory"], name), kind)

        size = configuration["network"]["tileSize"]
        self.tiles = load("tiles.u8", numpy.uint8).reshape(configuration["n"], size, size, 3)
        self.parameters = load("parameters.f32", numpy.float32)
        self.bag_gradient = load("bag_gradient.f32", numpy.float32)
        self.bag_embedding = load("bag_embedding.f32", numpy.float32)
        self.log_sum_exp = configuration["logSumExp"]


def serve(start):
    """`start(configuration)` returns (versions, the first flat gradient as numpy, name, step function)."""
    configuration = json.loads(sys.stdin.readline())
    versions, gradient, name, step = start(configuration)
    gradient.astype("float32").tofile(os.path.join(configuration["directory"], name))
    answer({"versions": versions})
    for line in sys.stdin:
        seconds, processor = [], []
        for _ in range(json.loads(line)["steps"]):
            begin, begin_processor = time.perf_counter(), time.process_time()
            step()
            seconds.append(time.perf_counter() - begin)
            processor.append(time.process_time() - begin_processor)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        answer({"seconds": seconds, "processorSeconds": processor, "peakMemoryBytes": peak})


def answer(value):
    print(json.dumps(value), flush=True)
