"""Formats that are not read, by their first bytes or their names, each with the line that takes the network out."""

from __future__ import annotations

from collections.abc import Callable

from relureg.errors import MalformedNetworkError
from relureg.readers.archives import open_archive

_KERAS_LINE = (
    'm = keras.models.load_model("FILE", compile=False); np.savez("net.npz", **{f"{l.name}/{w.name}": w.numpy() '
    "for l in m.layers for w in l.weights})"
)
_KERAS = (
    f"a Keras model is not read: its layers are Python classes. In Python: {_KERAS_LINE}, read as a perceptron "
    '(--activation names what follows its layers); any other model by m.predict(x); m.export("net.onnx", format="onnx")'
)
_HDF5 = (
    f"HDF5 is not read. A Keras model, in Python: {_KERAS_LINE}. "
    'Weights alone: d = {}; h5py.File("FILE").visititems(lambda k, v: d.update({k: v[()]}) if '
    'isinstance(v, h5py.Dataset) else None); np.savez("net.npz", **d). --activation names what follows the layers'
)
_EXPORTED = (
    "a file of torch.export is not read, since loading one may run code. In Python, if you trust it: "
    'relureg.from_torch(torch.export.load("FILE"), input_shape), the shape of one input without the batch'
)
_STABLE_BASELINES = (
    "a zip archive of Stable-Baselines3; take the state dict out: unzip FILE policy.pth, and give policy.pth with "
    "--prefix"
)
_PICKLE = (
    "a pickle is not read, since loading one runs code that it names. In Python, if you trust it: "
    'o = pickle.load(open("FILE", "rb")), then relureg.from_sklearn(o) or relureg.from_torch(o, input_shape)'
)
_ARRAY = 'one array is no network; save all weights and biases: np.savez("net.npz", W0=w0, b0=b0, W1=w1, b1=b1)'
_TENSORFLOW = "TensorFlow's own formats are not read; convert the model to ONNX: python -m tf2onnx.convert"

_BY_HEAD: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF", _HDF5), (b"\x93NUMPY", _ARRAY), (b"\x80\x02", _PICKLE), (b"\x80\x03", _PICKLE), (b"\x80\x04", _PICKLE),
    (b"\x80\x05", _PICKLE),
)  # fmt: skip
_BY_SUFFIX: tuple[tuple[tuple[str, ...], str], ...] = (
    ((".keras",), _KERAS), ((".h5", ".hdf5"), _HDF5), ((".pt2",), _EXPORTED), ((".pkl", ".pickle", ".joblib"), _PICKLE),
    ((".npy",), _ARRAY), ((".pb", ".tflite"), _TENSORFLOW),
)  # fmt: skip
_BY_MEMBER: tuple[tuple[Callable[[str], bool], str], ...] = (
    (lambda name: name == "model.weights.h5", _KERAS),
    (lambda name: name.endswith(("/archive_format", "serialized_exported_program.json")), _EXPORTED),
    (lambda name: name == "policy.pth", _STABLE_BASELINES),
)


def way_out(data: bytes, file_name: str) -> str | None:
    """Why a file is not read and what to do, where its format is known; else None."""
    if data[:2] == b"PK":
        try:
            with open_archive(data) as archive:
                names = archive.namelist()
        except MalformedNetworkError:
            names = []
        told = next((text for fits, text in _BY_MEMBER if any(map(fits, names))), None)
        if told is not None:
            return told
    told = next((text for head, text in _BY_HEAD if data.startswith(head)), None)
    return told or next((text for suffixes, text in _BY_SUFFIX if file_name.lower().endswith(suffixes)), None)
