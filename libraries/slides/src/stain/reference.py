"""Macenko's method in numpy, after the published implementation: JSON in (see macenko.test.ts), JSON out."""
import json
import sys

import numpy as np

HE_REFERENCE = np.array([[0.5626, 0.2159], [0.7201, 0.8012], [0.4062, 0.5581]])
MAXIMA_REFERENCE = np.array([1.9705, 1.0308])
LIGHT, FAINTEST, ALPHA = 240, 0.15, 1


def answer(pixels):
    pixels = np.array(pixels, float).reshape(-1, 3)
    density = -np.log((pixels + 1) / LIGHT)
    stained = density[~np.any(density < FAINTEST, axis=1)]
    vectors = np.linalg.eigh(np.cov(stained.T))[1][:, [2, 1]]
    vectors = vectors * np.sign(vectors.sum(axis=0))
    plane = stained @ vectors
    ends = np.percentile(np.arctan2(plane[:, 1], plane[:, 0]), [ALPHA, 100 - ALPHA])
    stains = vectors @ np.array([np.cos(ends), np.sin(ends)])
    if stains[0, 0] <= stains[0, 1]:
        stains = stains[:, ::-1]
    amounts = np.linalg.lstsq(stains, density.T, rcond=None)[0]
    maxima = np.percentile(amounts, 99, axis=1)
    # The published one leaves out the - 1, so that a slide's own stains make it lighter by 1.
    normalised = LIGHT * np.exp(-HE_REFERENCE @ (amounts * (MAXIMA_REFERENCE / maxima)[:, None])) - 1
    return {"stains": stains.T.tolist(), "amounts": maxima.tolist(), "pixels": np.clip(normalised, 0, 255).T.ravel().tolist()}


json.dump([answer(pixels) for pixels in json.load(sys.stdin)], sys.stdout)
