"""Files as torch.save writes them, around any pickle."""

import pickle
import zipfile
from io import BytesIO

import torch


def zipped(program, *, storages=(), compression=zipfile.ZIP_STORED, extra=()):
    """A torch archive around any pickle."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("archive/data.pkl", program)
        for key, raw in enumerate(storages):
            archive.writestr(f"archive/data/{key}", raw)
        for name, raw in extra:
            archive.writestr(name, raw)
    return buffer.getvalue()


def tensor_program(*, count=4, offset=0, shape=(4,), strides=(1,)):
    """A pickle of {"bad": tensor} over one float32 storage, with any numbers."""

    class Tensor:
        def __reduce__(self):
            return torch._utils._rebuild_tensor_v2, (Storage(), offset, shape, strides, False, {})

    class Storage:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, Storage):
                return ("storage", torch.FloatStorage, "0", "cpu", count)
            return None

    buffer = BytesIO()
    Pickler(buffer, protocol=2).dump({"bad": Tensor()})
    return buffer.getvalue()
