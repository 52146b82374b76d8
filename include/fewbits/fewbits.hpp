// The umbrella for the host: formats, conversions, quantize, dequantize, gemm.
#pragma once

#include "codec/exactness.hpp"
#include "formats/all_formats.hpp"
#include "formats/normal_quantile.hpp"
#include "gemm/gemm.hpp"
#include "gemm/prepack.hpp"
#include "parallel/threads.hpp"
#include "quantize/dequantize.hpp"
#include "quantize/error_statistics.hpp"
#include "quantize/quantize.hpp"
#include "quantize/spans.hpp"
