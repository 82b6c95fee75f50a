"""Files of features as other tools write them, with h5py; and what h5py reads of a file that was written here.

write DIRECTORY: one file a case.  read FILE: its content as JSON.
"""

import json
import sys

import h5py
import numpy as np

ROWS, SIZE = 7, 5
features = np.arange(ROWS * SIZE, dtype=np.float32).reshape(ROWS, SIZE) / 8
coords = np.array([[512 * (row % 3), 512 * (row // 3)] for row in range(ROWS)], dtype=np.int64)

TRIDENT = {
    "patch_size": 256,
    "patch_size_level0": 512,
    "level0_magnification": 40,
    "target_magnification": 20,
    "overlap": 0,
    "level0_width": 4096,
    "level0_height": 3072,
    "name": "slide",
    "savetodir": "/somewhere",
}
STAMP = {
    "stamp_version": "2.3.0",
    "extractor": "uni2",
    "unit": "um",
    "tile_size_um": 256.0,
    "tile_size_px": 224,
    "code_hash": "0" * 64,
    "feat_type": "tile",
}


def trident(path, values=features, places=coords, attributes=TRIDENT, **how):
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("features", data=values, **how)
        dataset.attrs["encoder"] = "uni_v2"
        places = file.create_dataset("coords", data=places)
        places.attrs.update(attributes)


def clam(path, values=features, places=coords, **how):
    with h5py.File(path, "w") as file:
        file.create_dataset("features", data=values, maxshape=(None, *values.shape[1:]), chunks=(1, *values.shape[1:]))
        file.create_dataset("coords", data=places)


def stamp(path, attributes=STAMP):
    with h5py.File(path, "w") as file:
        file["feats"] = features.astype(np.float16)
        file["coords"] = coords / 2.0
        file.attrs.update(attributes)


def with_value(value, row=4):
    spoiled = features.copy()
    spoiled[row, 2] = value
    return spoiled


def with_place(value):
    spoiled = coords.copy()
    spoiled[3, 1] = value
    return spoiled


def write(directory):
    def case(name):
        return f"{directory}/{name}.h5"

    trident(case("trident"))
    trident(case("trident-batch"), features[None])
    trident(case("trident-gzip"), chunks=(2, SIZE), compression="gzip", shuffle=True, fletcher32=True)
    clam(case("clam"))
    stamp(case("stamp"))
    trident(case("float16"), features.astype(np.float16))
    trident(case("float64"), features.astype(np.float64))
    trident(case("big-endian"), features.astype(">f4"), coords.astype(">i8"))
    trident(case("int32-coords"), places=coords.astype(np.int32))
    trident(case("lzf"), chunks=(2, SIZE), compression="lzf")
    trident(case("nan"), with_value(np.nan))
    trident(case("infinite"), with_value(np.inf))
    trident(case("beyond-float32"), with_value(0).astype(np.float64) + 1e300)
    trident(case("no-rows"), features[:0], coords[:0])
    trident(case("fewer-coords"), places=coords[:-1])
    trident(case("flat"), features.reshape(-1))
    trident(case("two-batches"), np.stack([features, features]))
    trident(case("integers"), features.astype(np.int32))
    trident(case("negative"), places=with_place(-1))
    trident(case("outside"), places=with_place(10**6))
    clam(case("huge-coords"), places=with_place(2**62))
    clam(case("fractions"), places=coords + 0.5)
    trident(case("unit"), attributes={**TRIDENT, "unit": "um"})
    stamp(case("stamp-without-unit"), {name: value for name, value in STAMP.items() if name != "unit"})
    with h5py.File(case("bfloat16"), "w") as file:
        kind = h5py.h5t.IEEE_F16LE.copy()
        kind.set_fields(15, 7, 8, 0, 7)
        kind.set_ebias(127)
        dataset = h5py.h5d.create(file.id, b"features", kind, h5py.h5s.create_simple(features.shape))
        bits = (features.view(np.uint32) >> 16).astype(np.uint16)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, bits, mtype=kind)
        file["coords"] = coords
    trident(case("bits"), (features.view(np.uint32) >> 16).astype(np.uint16))
    with h5py.File(case("never-written"), "w") as file:
        file.create_dataset("features", shape=features.shape, dtype="f4")
        file["coords"] = coords
    clam(case("padded"), np.concatenate([features[:-2], np.zeros((2, SIZE), np.float32)]))
    zero = features.copy()
    zero[2] = 0
    clam(case("zero-row"), zero)
    with h5py.File(case("no-features"), "w") as file:
        file["coords"] = coords
    with h5py.File(case("no-coords"), "w") as file:
        file["features"] = features
    with h5py.File(case("both"), "w") as file:
        file["features"], file["feats"], file["coords"] = features, features, coords
    with h5py.File(case("huge-shape"), "w") as file:
        file.create_dataset("features", shape=(2**40, 1024), dtype="f4", chunks=(16, 1024))
        file.create_dataset("coords", shape=(2**40, 2), dtype="i8", chunks=(1024, 2))
    with h5py.File(case("many-rows"), "w") as file:
        file.create_dataset("features", shape=(3_000_000, 8), dtype="f4", chunks=(64, 8))
        file.create_dataset("coords", shape=(3_000_000, 2), dtype="i8", chunks=(1024, 2))
    with h5py.File(case("huge-chunk"), "w") as file:
        file.create_dataset("features", shape=(2**20, 1024), dtype="f4", chunks=(2**18, 1024))
        file.create_dataset("coords", shape=(2**20, 2), dtype="i8", chunks=(1024, 2))
    with h5py.File(case("external-link"), "w") as file:
        file["features"] = h5py.ExternalLink(case("trident"), "features")
        file["coords"] = coords
    with h5py.File(case("external-storage"), "w") as file:
        file.create_dataset("features", shape=(ROWS, SIZE), dtype="f4", external=[(case("trident"), 0, 4 * ROWS * SIZE)])
        file["coords"] = coords
    with h5py.File(case("virtual"), "w") as file:
        layout = h5py.VirtualLayout(shape=(ROWS, SIZE), dtype="f4")
        layout[:] = h5py.VirtualSource(case("trident"), "features", shape=(ROWS, SIZE))
        file.create_virtual_dataset("features", layout)
        file["coords"] = coords


def plain(value):
    return value.item() if isinstance(value, np.generic) else value


def read(path):
    with h5py.File(path) as file:
        attributes = lambda item: {name: plain(value) for name, value in item.attrs.items()}
        return {
            "file": attributes(file),
            **{
                name: {
                    "type": file[name].dtype.str,
                    "shape": file[name].shape,
                    "values": file[name][:].reshape(-1).tolist(),
                    "attributes": attributes(file[name]),
                }
                for name in file
            },
        }


if sys.argv[1] == "write":
    write(sys.argv[2])
else:
    print(json.dumps(read(sys.argv[2])))
