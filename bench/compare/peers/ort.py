"""ONNX Runtime under compare.py (the protocol of ../protocol.hpp): activations float, quantized by ORT where a kind says so.

Kinds of weights: float; dynq8 (int8 a row, DynamicQuantizeMatMul); nbits<bits>_g<group> (MatMulNBits with int8 activations,
accuracy level 4; nbits4_g32_float with float ones, level 0); nf4_b64 (MatMulBnb4).
"""

import re
import sys
import time

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper

NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
                0.7229568362236023, 1.0], np.float32)


def tensor(name, values, kind):
    """Declares an initializer whose values the session is handed apart: serializing half a gigabyte takes seconds."""
    declared = TensorProto(name=name, data_type=kind, dims=values.shape, data_location=TensorProto.EXTERNAL)
    declared.external_data.add(key="location", value=name)
    return declared


def pack_bits(codes, bits):
    """Codes (..., group) as bytes, the first in the low bits."""
    per_byte = 8 // bits
    parts = codes.astype(np.uint8).reshape(*codes.shape[:-1], -1, per_byte)
    return np.bitwise_or.reduce(parts << (np.arange(per_byte, dtype=np.uint8) * bits), axis=-1).astype(np.uint8)


class Weights:
    """What one kind makes of w (N x K): `tensors` {name: (values, type)}, `node` (operator, attributes), `used` floats."""

    def __init__(self, kind, w):
        n, k = w.shape
        bits = re.fullmatch(r"nbits(\d)_g(\d+)(_float)?", kind)
        if kind == "float":
            self.node, self.tensors, self.used = ("MatMul", {}), {"w": (np.ascontiguousarray(w.T), TensorProto.FLOAT)}, w
        elif kind == "dynq8":
            scale = np.abs(w).max(axis=1) / np.float32(127)
            codes = np.rint(w / scale[:, None]).astype(np.int8)
            self.node = ("DynamicQuantizeMatMul", {})
            self.tensors = {"w": (np.ascontiguousarray(codes.T), TensorProto.INT8), "s": (scale, TensorProto.FLOAT)}
            self.used = codes * scale[:, None]
        elif bits:
            width, group = int(bits[1]), int(bits[2])
            zero = 1 << (width - 1)
            blocks = w.reshape(n, k // group, group)
            scale = np.abs(blocks).max(axis=2) / np.float32(max(zero - 1, 1))
            codes = np.clip(np.rint(blocks / scale[..., None]) + zero, 0, 2 * zero - 1)
            self.node = ("MatMulNBits", {"K": k, "N": n, "bits": width, "block_size": group,
                                         "accuracy_level": 0 if bits[3] else 4})
            self.tensors = {"q": (pack_bits(codes, width), TensorProto.UINT8), "s": (scale, TensorProto.FLOAT)}
            self.used = ((codes - zero) * scale[..., None]).astype(np.float32).reshape(n, k)
        elif kind == "nf4_b64":
            blocks = w.reshape(-1, 64)
            scale = np.abs(blocks).max(axis=1)
            codes = np.searchsorted((NF4[1:] + NF4[:-1]) / 2, blocks / scale[:, None])
            high_first = codes.reshape(-1, 2)[:, ::-1]
            self.node = ("MatMulBnb4", {"K": k, "N": n, "block_size": 64, "quant_type": 1})
            self.tensors = {"q": (pack_bits(high_first, 4).reshape(-1), TensorProto.UINT8), "s": (scale, TensorProto.FLOAT)}
            self.used = (NF4[codes] * scale[:, None]).reshape(n, k)
        else:
            raise ValueError(f"no kind of weights is called {kind}")
        self.bytes = sum(values.nbytes for values, _ in self.tensors.values())


class Contender:
    def load(self, kind, n, k, threads, cold_bytes, path):
        self.n, self.k = int(n), int(k)
        self.weights = Weights(kind, np.fromfile(path, np.float32, self.n * self.k).reshape(self.n, self.k))
        copies = int(cold_bytes) // self.weights.bytes + 1
        self.hot = self.session(int(threads), 1)
        self.cold = self.session(int(threads), copies) if copies > 1 else self.hot
        self.copies = copies
        return self.weights.bytes

    def session(self, threads, copies):
        """A model of `copies` products with equal weights of their own: one run streams them all."""
        operator, attributes = self.weights.node
        domain = "" if operator == "MatMul" else "com.microsoft"
        nodes, tensors, values_of = [], [], {}
        for c in range(copies):
            names = [f"{name}{c}" for name in self.weights.tensors]
            for name, (values, kind) in self.weights.tensors.items():
                copy = values.copy()
                if copies > 1:
                    copy.flat[c] = copy.flat[c + 1]  # equal tensors would become one
                values_of[f"{name}{c}"] = ort.OrtValue.ortvalue_from_numpy(copy)
                tensors.append(tensor(f"{name}{c}", values, kind))
            nodes.append(helper.make_node(operator, ["x"] + names, [f"y{c}"], domain=domain, **attributes))
        value = helper.make_tensor_value_info
        graph = helper.make_graph(nodes, "products", [value("x", TensorProto.FLOAT, ["m", self.k])],
                                  [value(f"y{c}", TensorProto.FLOAT, ["m", self.n]) for c in range(copies)], tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)])
        model.ir_version = 10
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
        options.add_external_initializers(list(values_of), list(values_of.values()))
        return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def input(self, _, m, path):
        self.a = np.fromfile(path, np.float32, int(m) * self.k).reshape(int(m), self.k)
        self.y = self.hot.run(None, {"x": self.a})[0]
        return self.weights.node[0]

    def time(self, where, at_least):
        one, products = (self.cold, self.copies) if where == "cold" else (self.hot, 1)
        start, count = time.perf_counter(), 0
        while True:
            one.run(None, {"x": self.a})
            count += products
            passed = time.perf_counter() - start
            if passed >= float(at_least):
                return passed / count

    def check(self, path):
        rows = np.arange(64) * self.n // 64
        sample = [self.weights.used[rows], self.y[:, rows]]
        np.concatenate([part.astype(np.float32).ravel() for part in sample]).tofile(path)
        return ""


def main():
    one = Contender()
    for line in sys.stdin:
        verb, *words = line.split()
        try:
            print("ok", getattr(one, verb)(*words), flush=True)
        except Exception as error:  # whatever ORT raises, the other side should read
            print("no", " ".join(str(error).split())[:200], flush=True)


main()
