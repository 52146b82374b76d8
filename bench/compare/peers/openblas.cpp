// OpenBLAS under compare.py: weights float, activations float.
#include <cblas.h>

#include "../protocol.hpp"

extern "C" char* openblas_get_corename(void);

namespace {

class openblas final : public bench::contender {
public:
    std::size_t load(bench::load_request const& r, float const* w) override {
        if (r.weights != "float") throw std::runtime_error("OpenBLAS has float only");
        n_ = r.n;
        k_ = r.k;
        std::size_t const bytes = n_ * k_ * sizeof(float);
        w_.assign(r.cold_bytes / bytes + 1, std::vector<float>(w, w + n_ * k_));
        openblas_set_num_threads(static_cast<int>(r.threads));
        return bytes;
    }
    std::string input(std::string const&, std::size_t m, float const* a) override {
        m_ = m;
        a_.assign(a, a + m * k_);
        y_.assign(m * n_, 0.0F);
        return std::string(m == 1 ? "sgemv " : "sgemm ") + openblas_get_corename();
    }
    std::size_t copies() const override { return w_.size(); }
    void multiply(std::size_t copy) override {
        int const m = static_cast<int>(m_), n = static_cast<int>(n_), k = static_cast<int>(k_);
        float const* const w = w_[copy].data();
        if (m == 1) {
            cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, 1.0F, w, k, a_.data(), 1, 0.0F, y_.data(), 1);
        } else {
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0F, a_.data(), k, w, k, 0.0F, y_.data(), n);
        }
    }
    float weight(std::size_t row, std::size_t col) const override { return w_[0][row * k_ + col]; }
    float result(std::size_t row, std::size_t col) const override { return y_[row * n_ + col]; }

private:
    std::size_t m_ = 0, n_ = 0, k_ = 0;
    std::vector<std::vector<float>> w_;
    std::vector<float> a_, y_;
};

}  // namespace

int main() {
    openblas one;
    return bench::serve(one);
}
