// oneDNN's matmul under compare.py: y[M,N] = x[M,K] * w[K,N], weights in the layout that oneDNN picks, activations given in the
// type it multiplies (converted before the time starts).
#include <cmath>
#include <cstdint>
#include <cstring>
#include <unordered_map>

#include <dnnl.hpp>

#include "../protocol.hpp"

namespace {

using dnnl::memory;
using type = memory::data_type;
using tag = memory::format_tag;

/// Name, types of activations and weights, group along K of the scales (0: one for each row of w), largest magnitude of a code.
struct kind {
    char const* name;
    type source, weights;
    std::size_t group;
    float largest;
};

constexpr kind kinds[] = {
    {"f32", type::f32, type::f32, 0, 0},         {"bf16", type::bf16, type::bf16, 0, 0},
    {"s8", type::s8, type::s8, 0, 127},          {"s8_g32", type::bf16, type::s8, 32, 127},
    {"s4_g32", type::bf16, type::s4, 32, 7},     {"s4_g128", type::bf16, type::s4, 128, 7},
    {"f8_e4m3", type::bf16, type::f8_e4m3, 0, 448},
};

class onednn final : public bench::contender {
public:
    onednn() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}

    std::size_t load(bench::load_request const& r, float const* w) override {
        kind_ = nullptr;
        for (kind const& k : kinds) {
            if (r.weights == k.name) kind_ = &k;
        }
        if (kind_ == nullptr) throw std::runtime_error("no matmul of oneDNN's is called " + r.weights);
        n_ = static_cast<memory::dim>(r.n);
        k_ = static_cast<memory::dim>(r.k);
        auto const bits = kind_->weights == type::f32 ? 32U : kind_->weights == type::bf16 ? 16U : kind_->weights == type::s4 ? 4U : 8U;
        std::size_t const scale_bytes = scaled() && kind_->group != 0 ? r.n * r.k / kind_->group * 2 : 0;
        bytes_ = r.n * r.k * bits / 8 + scale_bytes;
        cold_ = r.cold_bytes / bytes_ + 1;
        quantize(w);
        packed_.clear();
        prepare(1);
        return bytes_;
    }

    std::string input(std::string const&, std::size_t m, float const* a) override {
        m_ = static_cast<memory::dim>(m);
        prepare(m_);
        memory given({{m_, k_}, type::f32, tag::ab}, engine_);
        fill(given, a);
        if (kind_->source == type::s8) {
            float most = 0;
            for (memory::dim i = 0; i < m_ * k_; ++i) most = std::max(most, std::fabs(a[i]));
            source_scale_ = most / 127.0F;
            auto* const to = static_cast<std::int8_t*>(source_.get_data_handle());
            for (memory::dim i = 0; i < m_ * k_; ++i) to[i] = static_cast<std::int8_t>(std::lrint(a[i] / source_scale_));
            *static_cast<float*>(source_scales_.get_data_handle()) = source_scale_;
        } else {
            dnnl::reorder(given, source_).execute(stream_, given, source_);
        }
        stream_.wait();
        return std::string(kind_->source == type::bf16 ? "bf16" : kind_->source == type::s8 ? "int8_tensor" : "float") +
               " given, " + primitive_.impl_info_str();
    }

    std::size_t copies() const override { return packed_.size(); }
    void multiply(std::size_t copy) override {
        arguments_[DNNL_ARG_WEIGHTS] = packed_[copy];
        product_.execute(stream_, arguments_);
        stream_.wait();
    }
    float weight(std::size_t row, std::size_t col) const override {
        return used_[row * static_cast<std::size_t>(k_) + col];
    }
    float result(std::size_t row, std::size_t col) const override {
        return static_cast<float const*>(result_.get_data_handle())[row * static_cast<std::size_t>(n_) + col];
    }

private:
    bool scaled() const { return kind_->largest != 0; }

    void fill(memory const& to, void const* from) const { std::memcpy(to.get_data_handle(), from, to.get_desc().get_size()); }

    /// Codes as floats (integers, or values within e4m3's range), one scale for each group of a row, and what both stand for.
    void quantize(float const* w) {
        auto const rows = static_cast<std::size_t>(n_), cols = static_cast<std::size_t>(k_);
        codes_.assign(w, w + rows * cols);
        used_ = codes_;
        std::size_t const group = kind_->group == 0 ? cols : kind_->group;
        groups_ = cols / group;
        scales_.assign(rows * groups_, 1.0F);
        if (!scaled()) return;
        for (std::size_t g = 0; g < rows * groups_; ++g) {
            float* const codes = &codes_[g * group];
            float most = 0;
            for (std::size_t i = 0; i < group; ++i) most = std::max(most, std::fabs(codes[i]));
            std::uint32_t bits = 0;  // the scale is a bf16: a little larger, then cut off, so that no code leaves its range
            float scale = most / kind_->largest * 1.008F;
            std::memcpy(&bits, &scale, sizeof bits);
            bits &= 0xffff0000U;
            std::memcpy(&scale, &bits, sizeof bits);
            scales_[g] = scale;
            for (std::size_t i = 0; i < group; ++i) {
                codes[i] = kind_->weights == type::f8_e4m3 ? codes[i] / scale : std::nearbyint(codes[i] / scale);
                used_[g * group + i] = codes[i] * scale;
            }
        }
    }

    /// The primitive for m rows of activations and the memory it works on.
    void prepare(memory::dim m) {
        dnnl::primitive_attr attributes;
        if (scaled() && kind_->group != 0) {
            attributes.set_scales(DNNL_ARG_WEIGHTS, 3, {static_cast<memory::dim>(kind_->group), 1}, type::bf16);
        } else if (scaled()) {
            attributes.set_scales_mask(DNNL_ARG_WEIGHTS, 1 << 1);
        }
        if (kind_->source == type::s8) attributes.set_scales_mask(DNNL_ARG_SRC, 0);
        if (scaled() && kind_->source == type::bf16) attributes.set_fpmath_mode(dnnl::fpmath_mode::bf16, true);
        memory::desc const source({m, k_}, kind_->source, tag::ab), result({m, n_}, type::f32, tag::ab);
        primitive_ = {engine_, source, memory::desc({k_, n_}, kind_->weights, tag::any), result, attributes};
        product_ = dnnl::matmul(primitive_);
        source_ = memory(source, engine_);
        result_ = memory(result, engine_);
        arguments_ = {{DNNL_ARG_SRC, source_}, {DNNL_ARG_DST, result_}};
        if (kind_->source == type::s8) {
            source_scales_ = memory({{1}, type::f32, tag::a}, engine_);
            arguments_[DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC] = source_scales_;
        }
        if (scaled()) arguments_[DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS] = weight_scales();
        if (packed_.empty() || packed_.front().get_desc() != primitive_.weights_desc() || cold_ != packed_.size()) pack();
    }

    memory weight_scales() {
        if (kind_->group == 0) {
            memory const scales({{n_}, type::f32, tag::a}, engine_);
            fill(scales, scales_.data());
            return scales;
        }
        memory const scales({{static_cast<memory::dim>(groups_), n_}, type::bf16, tag::ab}, engine_);
        auto* const to = static_cast<std::uint16_t*>(scales.get_data_handle());
        for (std::size_t row = 0; row < static_cast<std::size_t>(n_); ++row) {
            for (std::size_t g = 0; g < groups_; ++g) {
                std::uint32_t bits = 0;
                std::memcpy(&bits, &scales_[row * groups_ + g], sizeof bits);
                to[g * static_cast<std::size_t>(n_) + row] = static_cast<std::uint16_t>(bits >> 16);
            }
        }
        return scales;
    }

    void pack() {
        memory given({{k_, n_}, type::f32, tag::ba}, engine_);
        fill(given, codes_.data());
        packed_.clear();
        for (std::size_t i = 0; i < cold_; ++i) packed_.emplace_back(primitive_.weights_desc(), engine_);
        dnnl::reorder(given, packed_[0]).execute(stream_, given, packed_[0]);
        stream_.wait();
        for (std::size_t i = 1; i < cold_; ++i) fill(packed_[i], packed_[0].get_data_handle());
        if (kind_->weights != type::f8_e4m3 && kind_->weights != type::bf16) return;
        memory narrow({{k_, n_}, kind_->weights, tag::ba}, engine_);  // what the codes became when they were narrowed
        memory wide({{k_, n_}, type::f32, tag::ba}, engine_);
        dnnl::reorder(given, narrow).execute(stream_, given, narrow);
        dnnl::reorder(narrow, wide).execute(stream_, narrow, wide);
        stream_.wait();
        auto const* const exact = static_cast<float const*>(wide.get_data_handle());
        std::size_t const group = static_cast<std::size_t>(k_) / groups_;
        for (std::size_t i = 0; i < used_.size(); ++i) used_[i] = exact[i] * scales_[i / group];
    }

    dnnl::engine engine_;
    dnnl::stream stream_;
    kind const* kind_ = nullptr;
    memory::dim m_ = 0, n_ = 0, k_ = 0;
    std::size_t bytes_ = 0, cold_ = 1, groups_ = 1;
    float source_scale_ = 1;
    std::vector<float> codes_, used_, scales_;
    dnnl::matmul::primitive_desc primitive_;
    dnnl::matmul product_;
    memory source_, result_, source_scales_;
    std::vector<memory> packed_;
    std::unordered_map<int, memory> arguments_;
};

}  // namespace

int main() {
    onednn one;
    return bench::serve(one);
}
