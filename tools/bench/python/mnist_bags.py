"""MNIST-bags with the network and the recipe of its authors in PyTorch; the other side of tools/bench/src/mnist-bags.

Ilse, Tomczak and Welling, Attention-based deep multiple instance learning, 2018: LeNet on grey digits, gated attention of
128 units, one logistic output; Adam with the decay in the gradient, one bag a step; PyTorch's own initial values.

Questions and answers are JSON lines. A question is {cohort, epochs, learningRate, weightDecay, seed, threads}, where cohort is
a directory with cohort.csv and slides/; the answer is {auc, testBags, steps, secondsPerStep}.
"""

import csv
import json
import os
import sys
import time

import numpy
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

SIDE = 28
# Of all digits of MNIST, as the authors' program has them.
MEAN, DEVIATION = 0.1307, 0.3081


class GatedAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 20, 5)
        self.second = nn.Conv2d(20, 50, 5)
        self.embedding = nn.Linear(50 * 4 * 4, 500)
        self.v = nn.Linear(500, 128)
        self.u = nn.Linear(500, 128)
        self.score = nn.Linear(128, 1)
        self.output = nn.Linear(500, 1)

    def forward(self, digits):
        image = functional.max_pool2d(functional.relu(self.first(digits)), 2)
        image = functional.max_pool2d(functional.relu(self.second(image)), 2)
        embeddings = functional.relu(self.embedding(image.flatten(1)))
        scores = self.score(torch.tanh(self.v(embeddings)) * torch.sigmoid(self.u(embeddings)))
        return self.output((torch.softmax(scores, 0) * embeddings).sum(0))


def read_bags(cohort):
    """(split, 1 or 0, digits [n, 1, 28, 28]) for every slide; a slide is one row of digits."""
    bags = []
    with open(os.path.join(cohort, "cohort.csv"), newline="") as table:
        for row in csv.DictReader(table):
            pixels = numpy.asarray(Image.open(os.path.join(cohort, "slides", row["slide"])))[:, :, 0]
            digits = pixels.reshape(SIDE, -1, SIDE).transpose(1, 0, 2).astype(numpy.float32) / 255
            tensor = torch.from_numpy((digits - MEAN) / DEVIATION)[:, None]
            bags.append((row["split"], float(row["label"] == "nine"), tensor))
    return bags


def area_under_curve(scores, positive):
    scores, positive = numpy.array(scores), numpy.array(positive, bool)
    difference = scores[positive][:, None] - scores[~positive][None]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def train(question):
    torch.set_num_threads(question["threads"])
    torch.manual_seed(question["seed"])
    bags = read_bags(question["cohort"])
    training = [bag for bag in bags if bag[0] == "train"]
    test = [bag for bag in bags if bag[0] == "test"]
    network = GatedAttention()
    optimizer = torch.optim.Adam(
        network.parameters(), lr=question["learningRate"], weight_decay=question["weightDecay"]
    )
    started = time.perf_counter()
    for _ in range(question["epochs"]):
        for index in torch.randperm(len(training)):
            _, label, digits = training[index]
            optimizer.zero_grad()
            loss = functional.binary_cross_entropy_with_logits(network(digits), torch.tensor([label]))
            loss.backward()
            optimizer.step()
    seconds = time.perf_counter() - started
    with torch.no_grad():
        scores = [network(digits).item() for _, _, digits in test]
    steps = question["epochs"] * len(training)
    auc = area_under_curve(scores, [label for _, label, _ in test])
    return {"auc": auc, "testBags": len(test), "steps": steps, "secondsPerStep": seconds / steps}


for line in sys.stdin:
    print(json.dumps(train(json.loads(line))), flush=True)
