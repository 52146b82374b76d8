"""What is compared: for every kind of weights, ours and the peers' nearest, each with the activations it multiplies them by."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entrant:
    """One column of a row: a program, its own name of the weights, the activations, and how far its products may be from
    exact products of the weights it uses (relative, Frobenius): that is what its activations' type costs."""
    program: str
    weights: str
    activations: str
    error: float

    @property
    def label(self):
        return f"{self.program} {self.weights} x {self.activations}"


@dataclass(frozen=True)
class Row:
    name: str
    ours: tuple
    peers: tuple


EXACT, BF16, INT8, FP8 = 1e-4, 1e-2, 3e-2, 6e-2
ERROR_OF = {"float": EXACT, "bf16": BF16}


def ours(weights, *activations):
    return tuple(Entrant("fewbits", weights, a, ERROR_OF.get(a, FP8 if "e4m3" in a else INT8)) for a in activations)


def ggml(weights, activations="float>q8_0"):
    return Entrant("ggml", weights, activations, ERROR_OF.get(activations.split(">")[-1], INT8))


def onednn(weights, activations="bf16"):
    return Entrant("onednn", weights, activations, ERROR_OF.get(activations, INT8))


def ort(weights, activations="float>int8_g32"):
    return Entrant("ort", weights, activations, ERROR_OF.get(activations, INT8))


# "float>x": floats come in and are quantized to x inside the time measured; otherwise the type is what comes in.
ROWS = (
    Row("int8_row, int8 in", ours("int8_row", "int8_row"), (onednn("s8", "int8_tensor"),)),
    Row("int8_row, float in", ours("int8_row", "float>int8_row"), (ort("dynq8", "float>uint8_tensor"),)),
    Row("int8 g32 (q8_0)", ours("q8_0", "float>int8_g32", "float"), (ggml("q8_0"), ort("nbits8_g32"), onednn("s8_g32"))),
    Row("int6_g32", ours("int6_g32", "float>int8_g32"), (ggml("q6_K", "float>q8_K"),)),
    Row("int5_g32", ours("int5_g32", "float>int8_g32"), (ggml("q5_0"),)),
    Row("int4_g32", ours("int4_g32", "float>int8_g32", "float"), (ggml("q4_0"), ort("nbits4_g32"), onednn("s4_g32"))),
    Row("q4_0", ours("q4_0", "float>int8_g32"), (ggml("q4_0"),)),
    Row("int4_g128", ours("int4_g128", "float>int8_g128", "float"), (ort("nbits4_g128", "float>int8_g128"), onednn("s4_g128"))),
    Row("int3_g32", ours("int3_g32", "float>int8_g32"), (ggml("q3_K", "float>q8_K"),)),
    Row("int2_g32", ours("int2_g32", "float>int8_g32"), (ggml("q2_K", "float>q8_K"), ort("nbits2_g32"))),
    Row("bitnet", ours("bitnet", "float>int8_row"), (ggml("tq2_0", "float>q8_K"),)),
    Row("tq2_0", ours("tq2_0", "float>int8_row"), (ggml("tq2_0", "float>q8_K"),)),
    Row("q2_k", ours("q2_k", "float>q8_k", "float"), (ggml("q2_K", "float>q8_K"),)),
    Row("q4_k", ours("q4_k", "float>q8_k", "float"), (ggml("q4_K", "float>q8_K"),)),
    Row("q6_k", ours("q6_k", "float>q8_k", "float"), (ggml("q6_K", "float>q8_K"),)),
    Row("mxfp4", ours("mxfp4", "float>int8_g32", "float>mxfp8_e4m3", "float"), (ggml("mxfp4"),)),
    Row("mxfp6_e2m3", ours("mxfp6_e2m3", "float>mxfp8_e4m3", "float"), ()),
    Row("mxfp6_e3m2", ours("mxfp6_e3m2", "float>mxfp8_e4m3", "float"), ()),
    Row("mxfp8_e4m3", ours("mxfp8_e4m3", "float>mxfp8_e4m3", "float"), (onednn("f8_e4m3"),)),
    Row("e4m3_row", ours("e4m3_row", "float>e4m3_row", "bf16", "float"), (onednn("f8_e4m3"),)),
    Row("nvfp4", ours("nvfp4", "float>int8_g32", "float"), (ggml("nvfp4"),)),
    Row("nf4_b64", ours("nf4_b64", "float>int8_g64", "float"), (ort("nf4_b64", "float"), ggml("iq4_nl"))),
    Row("bf16", ours("bf16", "bf16", "float"), (onednn("bf16"), ggml("bf16", "float>bf16"))),
    Row("float", ours("float", "float"),
        (Entrant("openblas", "float", "float", EXACT), onednn("f32", "float"), ort("float", "float"), ggml("f32", "float"))),
)

QUICK = ("int8_row, int8 in", "int4_g32", "mxfp4", "nf4_b64", "float")

# Where a wider format catches up with a narrower one: ours alone, weights cold at every M.
CROSSOVER = tuple((w, a) for w, a in (
    ("int4_g32", "float>int8_g32"), ("nf4_b64", "float>int8_g64"), ("int4_g128", "float>int8_g128"), ("q4_k", "float>q8_k"),
    ("int3_g32", "float>int8_g32"), ("int5_g32", "float>int8_g32"), ("int6_g32", "float>int8_g32"),
    ("int8_g32", "float>int8_g32"), ("bf16", "bf16")))
CROSSOVER_ROWS = (1, 2, 4, 8, 16, 32, 64)

# Names of one conversion with us, in ml_dtypes and in ggml.
ML_DTYPES = {"e4m3": "float8_e4m3fn", "e5m2": "float8_e5m2", "e3m2": "float6_e3m2fn", "e2m3": "float6_e2m3fn",
             "e2m1": "float4_e2m1fn", "e8m0": "float8_e8m0fnu", "bf16": "bfloat16", "fp16": "float16"}
GGML = {"q4_0": "q4_0", "q4_1": "q4_1", "q5_0": "q5_0", "q5_1": "q5_1", "q8_0": "q8_0", "q2_k": "q2_K", "q3_k": "q3_K",
        "q4_k": "q4_K", "q5_k": "q5_K", "q6_k": "q6_K", "iq4_nl": "iq4_nl", "iq4_xs": "iq4_xs", "tq1_0": "tq1_0",
        "tq2_0": "tq2_0", "mxfp4": "mxfp4", "nvfp4": "nvfp4"}

# Quantized from memory and back: ours alone.
FROM_MEMORY = ("mxfp4", "mxfp8_e4m3", "nvfp4", "nf4_b64", "int4_g32", "int8_g32", "q8_0", "e4m3_row")
