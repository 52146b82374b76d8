// Errors of the CUDA runtime as exceptions.
#pragma once

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

#include "../config.hpp"

namespace fewbits {

/// A call of the CUDA runtime that failed; what() has the call, CUDA's name of the error and its text.
class cuda_error : public std::runtime_error {
public:
    cuda_error(char const* call, cudaError_t code)
        : std::runtime_error(std::string(call) + ": " + cudaGetErrorName(code) + " (" + cudaGetErrorString(code) + ")"), code_(code) {}

    cudaError_t code() const noexcept { return code_; }

private:
    cudaError_t code_;
};

inline namespace FEWBITS_BASELINE {

/// Throws cuda_error unless `code` says success.
inline void check_cuda(char const* call, cudaError_t code) {
    if (code != cudaSuccess) throw cuda_error(call, code);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
