// Files of prepacked matrices, damaged by the fuzzer's choice, the checksum set right or not: each either is refused as bad
// input or loads as a matrix that can be read, multiplied and saved as the same bytes.
#include "input.hpp"

#include <programs/gemm_programs.hpp>

#include <fewbits/fewbits.hpp>
#include <fewbits/io/prepacked.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace fb = fewbits;

namespace {

using formats = fb::type_list<fb::mxfp4, fb::nvfp4, fb::nf4_b64_dq, fb::int8_row, fb::int4_g32, fb::uint4_g128, fb::e4m3_tile_128x128,
                              fb::e4m3_tile_1x128, fb::bitnet, fb::q3_k, fb::q4_k, fb::q6_k, fb::tq1_0>;

template <class F>
std::string small_file(fuzz::input& in) {
    std::size_t const rows = in.below(19), cols = in.below(41);
    fb::quantized_matrix<F> q(rows, cols);
    if (in.below(2) == 0) {
        std::vector<std::uint32_t> order(cols);
        for (std::size_t j = 0; j < cols; ++j) order[j] = static_cast<std::uint32_t>(cols - 1 - j);
        q.set_permutation(order);
    }
    std::ostringstream out;
    fb::save(fb::prepack(q), out);
    return out.str();
}

void damage(fuzz::input& in, std::string& file) {
    for (unsigned changes = in.below(6); changes != 0 && !file.empty(); --changes) {
        // The beginning says how the rest is read.
        std::size_t const at = in.take<std::uint32_t>() % (in.below(2) == 0 ? (std::min)(file.size(), std::size_t{320}) : file.size());
        switch (in.below(4)) {
        case 0: file[at] = in.take<char>(); break;
        case 1: file.insert(at, 1 + in.below(64), in.take<char>()); break;
        case 2: file.erase(at, 1 + in.below(64)); break;
        default: file.resize(at); break;
        }
    }
}

void set_checksum(std::string& file) {
    if (file.size() < 8) return;
    auto* const data = reinterpret_cast<std::byte*>(file.data());
    fb::section_checksum sum;
    sum.add({data, file.size() - 8});
    fb::store_integer(data + file.size() - 8, 8, sum.value());
}

template <class F>
void use(fb::prepacked_matrix<F> const& w) {
    if (w.rows() == 0 || w.cols() == 0) return;  // nothing to read, and the other may be any number
    EXPECT(w.rows() * w.cols() < 1U << 20);
    for (std::size_t r = 0; r < w.rows(); ++r) {
        for (std::size_t c = 0; c < w.cols(); ++c) {
            EXPECT(w.code(r, c) >> F::element::width == 0);
            static_cast<void>(w.value(r, c));
        }
    }
    std::vector<float> x(2 * w.cols(), 1.0f), y(2 * w.rows());
    fb::gemm(fb::matrix_view<const float>{x.data(), 2, w.cols()}, w, fb::matrix_view<float>{y.data(), 2, w.rows()});
}

template <class F>
void check(fuzz::input& in) {
    std::string file = small_file<F>(in);
    damage(in, file);
    if (in.below(4) != 0) set_checksum(file);
    std::istringstream stream(file);
    try {
        fb::prepacked_matrix<F> const w = fb::load_prepacked<F>(stream);
        use(w);
        std::ostringstream again;
        fb::save(w, again);
        EXPECT(file.compare(0, again.str().size(), again.str()) == 0);
    } catch (fb::io_error const& error) {
        EXPECT(error.offset() <= file.size());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::input in(data, size);
    unsigned const chosen = in.below(formats::size);
    unsigned index = 0;
    fb::for_each(formats{}, [&]<class F>() {
        if (index++ == chosen) check<F>(in);
    });
    return 0;
}
