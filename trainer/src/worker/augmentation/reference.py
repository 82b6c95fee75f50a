"""Changes of tiles by numpy and scipy: JSON in (see reference.test.ts), JSON out: values before they are rounded."""
import json
import sys

import numpy as np
from scipy.ndimage import gaussian_filter

# Ruifrok and Johnston (2001), as scikit-image has them.
RGB_FROM_HED = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
GREY = np.array([0.299, 0.587, 0.114])
YIQ_FROM_RGB = np.array([GREY, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])


def stain(tile, factors, biases):
    amounts = -np.log10((tile + 1) / 256) @ np.linalg.inv(RGB_FROM_HED)
    density = (amounts * factors + biases) @ RGB_FROM_HED
    return 256 * 10.0 ** -density - 1


def colour(tile, brightness, contrast, saturation, hue):
    tile = tile * brightness
    mean = (tile @ GREY).mean()
    tile = mean + (tile - mean) * contrast
    grey = (tile @ GREY)[..., None]
    yiq = (grey + (tile - grey) * saturation) @ YIQ_FROM_RGB.T
    turned = (yiq[..., 1] + 1j * yiq[..., 2]) * np.exp(2j * np.pi * hue)
    return np.stack([yiq[..., 0], turned.real, turned.imag], -1) @ np.linalg.inv(YIQ_FROM_RGB).T


def blur(tile, sigma):
    return gaussian_filter(tile, (sigma, sigma, 0), mode="nearest", radius=int(np.ceil(3 * sigma)))


CHANGES = {"stain": stain, "colour": colour, "blur": blur}
cases = json.load(sys.stdin)
results = [CHANGES[name](np.array(tile, float).reshape(size, size, 3), **change) for name, size, tile, change in cases]
json.dump([np.clip(result, 0, 255).ravel().tolist() for result in results], sys.stdout)
