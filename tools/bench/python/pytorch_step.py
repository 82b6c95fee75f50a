"""The engine's bodies written in PyTorch: forward, backward and SGD, channels last, on the CPU.

`tiny` is the mirror image of the engine's: TensorFlow's SAME pads a strided convolution after the pixels, PyTorch
before them, so tiles and kernels are flipped here, and the embedding is the same.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
import peer


def start(configuration):
    import numpy
    import torch
    from torch.nn import functional

    torch.set_num_threads(configuration["threads"])
    torch.set_num_interop_threads(1)
    inputs = peer.Inputs(configuration)
    name = configuration["network"]["encoder"]["name"]
    flips = name == "tiny"

    parameters = {}
    for tensor in configuration["tensors"]:
        part = inputs.parameters[tensor["offset"] : tensor["offset"] + tensor["length"]].reshape(tensor["shape"])
        value = torch.from_numpy(part.copy())
        if value.ndim == 4:
            value = (value.flip(0, 1) if flips else value).permute(3, 2, 0, 1)
            value = value.contiguous(memory_format=torch.channels_last)
        parameters[tensor["name"]] = value.requires_grad_()
    pixels = inputs.tiles[:, ::-1, ::-1] if flips else inputs.tiles
    tiles = torch.from_numpy(numpy.ascontiguousarray(pixels))
    g, z = torch.from_numpy(inputs.bag_gradient), torch.from_numpy(inputs.bag_embedding)

    def tiny(image):
        for block in ("stem", "stage1", "stage2", "stage3"):
            weight = parameters[f"encoder.{block}.conv.weight"]
            centred = weight - weight.mean((1, 2, 3), keepdim=True)
            inverse = torch.rsqrt(centred.square().sum((1, 2, 3), keepdim=True) + 1e-4)
            kernel = centred * (inverse * parameters[f"encoder.{block}.norm.weight"].view(-1, 1, 1, 1))
            image = functional.conv2d(image, kernel, parameters[f"encoder.{block}.norm.bias"], stride=2, padding=1)
            image = functional.relu(image)
        return image

    def convolve(image, convolution, norm, stride):
        weight = parameters[f"encoder.{convolution}.weight"]
        kernel = weight * parameters[f"encoder.{norm}.weight"].view(-1, 1, 1, 1)
        bias = parameters[f"encoder.{norm}.bias"]
        return functional.conv2d(image, kernel, bias, stride=stride, padding=weight.shape[-1] // 2)

    def resnet18(image):
        image = functional.max_pool2d(functional.relu(convolve(image, "conv1", "bn1", 2)), 3, 2, 1)
        for layer in range(1, 5):
            for block in range(2):
                path = f"layer{layer}.{block}"
                stride = 2 if layer > 1 and block == 0 else 1
                shortcut = image
                if stride == 2:
                    shortcut = convolve(image, f"{path}.downsample.0", f"{path}.downsample.1", 2)
                inner = functional.relu(convolve(image, f"{path}.conv1", f"{path}.bn1", stride))
                image = functional.relu(convolve(inner, f"{path}.conv2", f"{path}.bn2", 1) + shortcut)
        return image

    def loss():
        mean, std = ((0.5,) * 3, (0.25,) * 3) if name == "tiny" else ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        image = (tiles.permute(0, 3, 1, 2).float() / 255 - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
        embeddings = (tiny if name == "tiny" else resnet18)(image).mean((2, 3))

        def layer(part):
            return embeddings @ parameters[f"attention.{part}.weight"] + parameters[f"attention.{part}.bias"]

        gated = torch.tanh(layer("V")) * torch.sigmoid(layer("U"))
        scores = (gated @ parameters["attention.score.weight"]).squeeze(1)
        weights = torch.exp(scores.detach() - inputs.log_sum_exp)
        return (weights * (embeddings @ g + ((embeddings - z) @ g).detach() * scores)).sum()

    def flat_gradient():
        def restored(value):
            if value.ndim != 4:
                return value.reshape(-1)
            value = value.permute(2, 3, 1, 0)
            return (value.flip(0, 1) if flips else value).reshape(-1)

        return torch.cat([restored(value.grad) for value in parameters.values()]).numpy()

    optimizer = torch.optim.SGD(parameters.values(), lr=configuration["learningRate"])

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    loss().backward()
    return {"torch": torch.__version__}, flat_gradient(), "gradient-pytorch.f32", step


peer.serve(start)
