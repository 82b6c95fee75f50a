"""Gated attention on features in PyTorch, one bag a step: the other side of tools/bench/src/features-training.

Ilse, Tomczak and Welling, Attention-based deep multiple instance learning, 2018, as CLAM and others train it: the features of a
slide are read for each step, AdamW, one linear layer on the bag's embedding.

Questions and answers are JSON lines. A question is {bags: [{file, label}], hidden, epochs, learningRate, threads}, where a file is
a float32 array [n, d] of NumPy; the answer is {secondsPerStep, processorSecondsPerStep, firstLoss, lastLoss}: losses are means
of an epoch.
"""

import json
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional


class GatedAttention(nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        self.v = nn.Linear(size, hidden)
        self.u = nn.Linear(size, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)
        self.output = nn.Linear(size, 2)

    def forward(self, rows):
        scores = self.score(torch.tanh(self.v(rows)) * torch.sigmoid(self.u(rows)))
        return self.output(torch.softmax(scores, 0).T @ rows)


def train(question):
    torch.set_num_threads(question["threads"])
    torch.manual_seed(1)
    bags = question["bags"]
    size = numpy.load(bags[0]["file"], mmap_mode="r").shape[1]
    network = GatedAttention(size, question["hidden"])
    optimizer = torch.optim.AdamW(network.parameters(), lr=question["learningRate"])
    losses = []
    began, processor = time.perf_counter(), time.process_time()
    for _ in range(question["epochs"]):
        losses.append(0.0)
        for index in torch.randperm(len(bags)).tolist():
            rows = torch.from_numpy(numpy.load(bags[index]["file"]))
            optimizer.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(network(rows), torch.tensor([bags[index]["label"]]))
            loss.backward()
            optimizer.step()
            losses[-1] += loss.item() / len(bags)
    steps = question["epochs"] * len(bags)
    return {
        "secondsPerStep": (time.perf_counter() - began) / steps,
        "processorSecondsPerStep": (time.process_time() - processor) / steps,
        "firstLoss": losses[0],
        "lastLoss": losses[-1],
    }


for line in sys.stdin:
    print(json.dumps(train(json.loads(line))), flush=True)
