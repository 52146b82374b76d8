// The same products by cuBLASLt, whatever it has of them here.
#pragma once

#include <cublasLt.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <fewbits/cuda/device_matrix.cuh>
#include <stdexcept>
#include <string>
#include <vector>

#include "measure.cuh"

namespace bench {

/// cuBLASLt refuses; what() has its status.
class not_available : public std::runtime_error {
public:
    not_available(char const* call, cublasStatus_t status)
        : std::runtime_error(std::string("not available (") + call + ": " + cublasLtGetStatusString(status) + ")") {}
};

inline void check_blas(char const* call, cublasStatus_t status) {
    if (status != CUBLAS_STATUS_SUCCESS) throw not_available(call, status);
}

enum class peer_mode : unsigned char { bf16, fp8_tensor, fp8_tensor_fast, fp8_rows, fp8_rows_fast, fp8_blocks, int8 };

inline char const* name_of(peer_mode mode) {
    static constexpr std::array<char const*, 7> names{"bf16", "FP8, tensor scales", "FP8, tensor scales, fast accumulation",
                                                      "FP8, row scales", "FP8, row scales, fast accumulation",
                                                      "FP8, 1x128 by 128x128", "int8 to int32"};
    return names[static_cast<std::size_t>(mode)];
}

/// In device memory: a (M x K) and w (N x K) row by row, y (M x N) bf16, or int32 of int8.
struct peer_operands {
    void const* a = nullptr;
    void const* w = nullptr;
    void* y = nullptr;
    float const* a_scales = nullptr;  ///< of 1 x 128: those of a column of blocks side by side
    float const* w_scales = nullptr;
};

struct product_shape {
    std::size_t m, n, k;
};

class peer_library {
public:
    static constexpr std::size_t workspace_bytes = std::size_t{64} << 20;
    peer_library() : workspace_(workspace_bytes) { check_blas("cublasLtCreate", cublasLtCreate(&handle_)); }
    peer_library(peer_library const&) = delete;
    peer_library& operator=(peer_library const&) = delete;
    ~peer_library() { cublasLtDestroy(handle_); }
    cublasLtHandle_t handle() const { return handle_; }
    void* workspace() const { return workspace_.data(); }

private:
    cublasLtHandle_t handle_ = nullptr;
    fewbits::device_memory workspace_;
};

/// One product. cuBLASLt counts by columns: its A is w transposed, its B is a, its D is y.
class peer_product {
public:
    peer_product(peer_library const& library, peer_mode mode, product_shape s, peer_operands const& some) : library_(library), mode_(mode) {
        bool const int8 = mode == peer_mode::int8;
        cudaDataType_t const in = int8 ? CUDA_R_8I : mode == peer_mode::bf16 ? CUDA_R_16BF : CUDA_R_8F_E4M3;
        cudaDataType_t const out = int8 ? CUDA_R_32I : CUDA_R_16BF;
        check_blas("cublasLtMatmulDescCreate", cublasLtMatmulDescCreate(&operation_, int8 ? CUBLAS_COMPUTE_32I : CUBLAS_COMPUTE_32F,
                                                                        int8 ? CUDA_R_32I : CUDA_R_32F));
        set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
        set(CUBLASLT_MATMUL_DESC_TRANSB, CUBLAS_OP_N);
        if (scales_of_w() != CUBLASLT_MATMUL_MATRIX_SCALE_END) {
            set(CUBLASLT_MATMUL_DESC_A_SCALE_MODE, static_cast<std::int32_t>(scales_of_w()));
            set(CUBLASLT_MATMUL_DESC_B_SCALE_MODE, static_cast<std::int32_t>(scales_of_a()));
            bool const fast = mode == peer_mode::fp8_tensor_fast || mode == peer_mode::fp8_rows_fast;
            set(CUBLASLT_MATMUL_DESC_FAST_ACCUM, static_cast<std::int8_t>(fast));
        }
        set_scales(some);
        auto const layout = [](cublasLtMatrixLayout_t& to, cudaDataType_t type, std::size_t rows, std::size_t cols) {
            check_blas("cublasLtMatrixLayoutCreate", cublasLtMatrixLayoutCreate(&to, type, rows, cols, static_cast<std::int64_t>(rows)));
        };
        layout(w_, in, s.k, s.n);
        layout(a_, in, s.k, s.m);
        layout(y_, out, s.n, s.m);
        find_algorithms();
    }
    peer_product(peer_product const&) = delete;
    peer_product& operator=(peer_product const&) = delete;
    ~peer_product() {
        cublasLtMatrixLayoutDestroy(w_);
        cublasLtMatrixLayoutDestroy(a_);
        cublasLtMatrixLayoutDestroy(y_);
        cublasLtMatmulDescDestroy(operation_);
    }

    void run(cudaStream_t stream, peer_operands const& o) {
        set_scales(o);
        float const one = 1;
        float const zero = 0;
        std::int32_t const one_integer = 1;
        std::int32_t const zero_integer = 0;
        bool const int8 = mode_ == peer_mode::int8;
        void const* const alpha = int8 ? static_cast<void const*>(&one_integer) : &one;
        void const* const beta = int8 ? static_cast<void const*>(&zero_integer) : &zero;
        check_blas("cublasLtMatmul", cublasLtMatmul(library_.handle(), operation_, alpha, o.w, w_, o.a, a_, beta, o.y, y_, o.y, y_,
                                                    &found_[chosen_].algo, library_.workspace(), peer_library::workspace_bytes, stream));
    }

    /// Seconds of the fastest algorithm of those it proposes, which run() then uses.
    double fastest(cudaStream_t stream, std::vector<peer_operands> const& copies) {
        double best = 0;
        std::size_t which = 0;
        std::string refused;
        for (std::size_t i = 0; i < count_; ++i) {
            chosen_ = i;
            try {
                double const time = seconds_of(stream, [&](std::size_t copy) { run(stream, copies[copy]); }, copies.size());
                if (best == 0 || time < best) which = i;
                best = best == 0 ? time : std::min(best, time);
            } catch (not_available const& error) {
                refused = error.what();
            }
        }
        if (best == 0) throw std::runtime_error(refused);
        chosen_ = which;
        return best;
    }

private:
    template <class T>
    void set(cublasLtMatmulDescAttributes_t what, T value) {
        check_blas("cublasLtMatmulDescSetAttribute", cublasLtMatmulDescSetAttribute(operation_, what, &value, sizeof value));
    }
    void set_scales(peer_operands const& o) {
        if (scales_of_w() == CUBLASLT_MATMUL_MATRIX_SCALE_END) return;
        set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, o.w_scales);
        set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, o.a_scales);
    }
    cublasLtMatmulMatrixScale_t scales_of_w() const {
        switch (mode_) {
            case peer_mode::fp8_tensor:
            case peer_mode::fp8_tensor_fast: return CUBLASLT_MATMUL_MATRIX_SCALE_SCALAR_32F;
            case peer_mode::fp8_rows:
            case peer_mode::fp8_rows_fast: return CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F;
            case peer_mode::fp8_blocks: return CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F;
            default: return CUBLASLT_MATMUL_MATRIX_SCALE_END;
        }
    }
    cublasLtMatmulMatrixScale_t scales_of_a() const {
        return mode_ == peer_mode::fp8_blocks ? CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F : scales_of_w();
    }
    void find_algorithms() {
        cublasLtMatmulPreference_t preference = nullptr;
        check_blas("cublasLtMatmulPreferenceCreate", cublasLtMatmulPreferenceCreate(&preference));
        std::size_t const most = peer_library::workspace_bytes;
        cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most, sizeof most);
        int count = 0;
        cublasStatus_t const status = cublasLtMatmulAlgoGetHeuristic(library_.handle(), operation_, w_, a_, y_, y_, preference,
                                                                     static_cast<int>(found_.size()), found_.data(), &count);
        cublasLtMatmulPreferenceDestroy(preference);
        check_blas("cublasLtMatmulAlgoGetHeuristic", status);
        if (count == 0) check_blas("cublasLtMatmulAlgoGetHeuristic", CUBLAS_STATUS_NOT_SUPPORTED);
        count_ = static_cast<std::size_t>(count);
    }

    peer_library const& library_;
    peer_mode mode_;
    cublasLtMatmulDesc_t operation_ = nullptr;
    cublasLtMatrixLayout_t w_ = nullptr;
    cublasLtMatrixLayout_t a_ = nullptr;
    cublasLtMatrixLayout_t y_ = nullptr;
    std::array<cublasLtMatmulHeuristicResult_t, 8> found_{};  // nvcc 13.0 breaks down over a std::vector of these
    std::size_t count_ = 0;
    std::size_t chosen_ = 0;
};

}  // namespace bench
