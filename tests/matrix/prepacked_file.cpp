// Prepacked matrices written and read back; damaged data are refused, whatever the damage.
#include "gemm/random_matrix.hpp"

#include <fewbits/gemm/prepack.hpp>
#include <fewbits/io/prepacked_file.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <numeric>
#include <sstream>

namespace fb = fewbits;
using gemm_test::random_matrix;

namespace {

template <class F>
fb::prepacked_matrix<F> sample(std::size_t rows, std::size_t cols, bool permuted) {
    auto q = random_matrix<F>(rows, cols, 5);
    std::vector<std::uint32_t> order(permuted ? cols : 0);
    std::iota(order.rbegin(), order.rend(), 0U);
    q.set_permutation(order);
    return fb::prepack(q);
}

template <class F>
std::string saved(fb::prepacked_matrix<F> const& w) {
    std::ostringstream out;
    fb::save(w, out);
    return out.str();
}

template <class F>
fb::prepacked_matrix<F> loaded(std::string const& bytes) {
    std::istringstream in(bytes);
    return fb::load_prepacked<F>(in);
}

template <class F>
bool same(fb::prepacked_matrix<F> const& a, fb::prepacked_matrix<F> const& b) {
    bool equal = a.rows() == b.rows() && a.cols() == b.cols() && std::ranges::equal(a.permutation(), b.permutation());
    for (std::size_t i = 0; equal && i < a.streams().size(); ++i) equal = std::ranges::equal(a.streams()[i], b.streams()[i]);
    for (std::size_t r = 0; equal && r < a.rows(); ++r) {
        for (std::size_t c = 0; c < a.cols(); ++c) equal = equal && a.code(r, c) == b.code(r, c) && a.scale(r, c) == b.scale(r, c);
    }
    return equal;
}

/// What loading says; "" where it succeeds.
template <class F>
std::string complaint(std::string const& bytes) {
    try {
        loaded<F>(bytes);
        return "";
    } catch (fb::io_error const& error) {
        return error.what();
    }
}

/// The same bytes with `size` bytes at `at` changed and the checksum made right again.
std::string with(std::string bytes, std::size_t at, std::size_t size, std::uint64_t value) {
    auto* const data = reinterpret_cast<std::byte*>(bytes.data());
    fb::store_integer(data + at, size, value);
    fb::section_checksum sum;
    sum.add({data, bytes.size() - 8});
    fb::store_integer(data + bytes.size() - 8, 8, sum.value());
    return bytes;
}

/// A stream that cannot say how much it holds.
class unseekable : public std::streambuf {
public:
    explicit unseekable(std::string bytes) : bytes_(std::move(bytes)) { setg(bytes_.data(), bytes_.data(), bytes_.data() + bytes_.size()); }

private:
    std::string bytes_;
};

/// A stream that takes so many bytes and no more.
class full : public std::streambuf {
public:
    explicit full(std::size_t room) : bytes_(room, '\0') { setp(bytes_.data(), bytes_.data() + bytes_.size()); }

private:
    std::string bytes_;
};

void expect(std::string_view format, bool holds) {
    INFO(format);
    CHECK(holds);
}

std::size_t filled_up(std::size_t bytes) { return bytes + fb::section_fill(bytes); }

}  // namespace

TEST_CASE("a prepacked matrix survives its file, in every format", "[matrix]") {
    for (auto const [rows, cols] : {std::array<std::size_t, 2>{1, 1}, {17, 33}, {40, 549}, {0, 7}, {5, 0}}) {
        fb::for_each(fb::all_block_formats{}, [&, r = rows, c = cols]<class F>() {
            auto const w = sample<F>(r, c, r == 17);
            auto const bytes = saved(w);
            expect(F::name, bytes.size() % 64 == 8 && same(w, loaded<F>(bytes)));
        });
    }
}

TEST_CASE("matrices follow each other in a stream", "[matrix]") {
    auto const a = sample<fb::nvfp4>(17, 33, false);
    auto const b = sample<fb::q4_k>(3, 512, true);
    std::stringstream both;
    both << "in front";
    fb::save(a, both);
    fb::save(b, both);
    both.seekg(8);
    CHECK(same(a, fb::load_prepacked<fb::nvfp4>(both)));
    CHECK(same(b, fb::load_prepacked<fb::q4_k>(both)));
    CHECK_THROWS_AS(fb::load_prepacked<fb::q4_k>(both), fb::io_error);
}

TEST_CASE("a change of any byte is found", "[matrix]") {
    fb::for_each(fb::type_list<fb::mxfp4, fb::nvfp4, fb::tq1_0, fb::q6_k, fb::uint4_g128>{}, [&]<class F>() {
        auto const bytes = saved(sample<F>(17, 33, true));
        std::size_t unseen = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            for (unsigned const change : {0x01U, 0x80U, 0xFFU, 0x5AU}) {
                auto damaged = bytes;
                damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ change);
                unseen += complaint<F>(damaged).empty();
            }
        }
        expect(F::name, unseen == 0);
    });
}

TEST_CASE("data that end at any byte are refused, and where they end is said", "[matrix]") {
    fb::for_each(fb::type_list<fb::mxfp4, fb::tq1_0, fb::uint4_g128>{}, [&]<class F>() {
        auto const bytes = saved(sample<F>(17, 33, true));
        std::size_t wrong = 0;
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            std::string const end = "byte " + std::to_string(length) + ": the data end ";
            wrong += complaint<F>(bytes.substr(0, length)).rfind(end, 0) != 0;
            unseekable buffer(bytes.substr(0, length));
            std::istream in(&buffer);
            CHECK_THROWS_AS(fb::load_prepacked<F>(in), fb::io_error);
        }
        expect(F::name, wrong == 0);
        unseekable whole(bytes);
        std::istream in(&whole);
        expect(F::name, same(fb::load_prepacked<F>(in), sample<F>(17, 33, true)));
    });
}

TEST_CASE("what does not fit together is refused even with the right checksum", "[matrix]") {
    using F = fb::mxfp4;
    auto const bytes = saved(sample<F>(17, 33, true));
    std::size_t const name = 64, sizes = 128, permutation = 192, codes = permutation + filled_up(33 * 4);
    REQUIRE(complaint<F>(with(bytes, codes, 1, 7)).empty());  // another code is another matrix
    auto const refuses = [&](std::size_t at, std::size_t size, std::uint64_t value, std::string const& what) {
        CHECK(complaint<F>(with(bytes, at, size, value)) == what);
    };
    refuses(0, 1, 0x88, "byte 0: no prepacked matrix begins here");
    refuses(8, 4, 2, "byte 8: version 2, where 1 is known");
    refuses(12, 4, 0, "byte 12: an unknown layout of panels, 0");
    refuses(16, 8, 1, "byte 128: a stream of 1024 bytes, where the shape needs 512");
    refuses(16, 8, std::uint64_t{1} << 63, "byte 16: 9223372036854775808 x 33 elements do not fit the address space");
    refuses(24, 8, std::uint64_t{1} << 62, "byte 16: 17 x 4611686018427387904 elements do not fit the address space");
    refuses(24, 8, 34, "byte 40: 33 entries are no permutation of 34 columns");
    refuses(32, 4, 4, "byte 68: the bytes that fill up a section are not zero");
    refuses(32, 4, 0xFFFFFFFF, "byte 64: the matrix is in format '', not mxfp4");
    refuses(36, 4, 3, "byte 36: 3 streams, where the format has 2");
    refuses(40, 8, 32, "byte 40: 32 entries are no permutation of 33 columns");
    refuses(56, 1, 1, "byte 48: the end of the header is not zero");
    refuses(name, 1, 'n', "byte 64: the matrix is in format 'nxfp4', not mxfp4");
    refuses(name + 40, 1, 'n', "byte 104: the bytes that fill up a section are not zero");
    refuses(sizes + 8, 8, 65, "byte 136: a stream of 65 bytes, where the shape needs 1024");
    refuses(permutation, 4, 0, "byte 192: set_permutation: 33 entries are no permutation of 33 columns");
    refuses(permutation + 4, 4, 33, "byte 192: set_permutation: 33 entries are no permutation of 33 columns");
    // 33 columns of 4 bits: in the second line of a panel only the lower half of every fourth byte is a code.
    refuses(codes + 4 * 64, 1, 0xF0, "byte " + std::to_string(codes) + ": the codes that fill up the last columns are not zero");
    CHECK(complaint<fb::nvfp4>(bytes) == "byte 64: the matrix is in format 'mxfp4', not nvfp4");
}

TEST_CASE("a shape that the data cannot hold takes no memory", "[matrix]") {
    using F = fb::q8_0;
    std::size_t const rows = std::size_t{1} << 30, cols = std::size_t{1} << 20;  // a pebibyte
    auto bytes = with(with(saved(fb::prepacked_matrix<F>(0, 0)), 16, 8, rows), 24, 8, cols);
    auto const sizes = fb::prepacked_matrix<F>::stream_sizes(rows, cols);
    for (std::size_t i = 0; i < sizes.size(); ++i) bytes = with(bytes, 128 + 8 * i, 8, sizes[i]);
    CHECK(complaint<F>(bytes) == "byte 200: the data end 1196268651020288 bytes too early");
}

TEST_CASE("a stream that is full is reported", "[matrix]") {
    auto const w = sample<fb::mxfp4>(17, 33, false);
    for (std::size_t const room : {0UL, 100UL, saved(w).size() - 1}) {
        full buffer(room);
        std::ostream out(&buffer);
        CHECK_THROWS_AS(fb::save(w, out), fb::io_error);
    }
}

TEST_CASE("a file is replaced whole or not at all, and named in errors", "[matrix]") {
    auto const directory = std::filesystem::temp_directory_path() / ("fewbits_prepacked_file_" + std::to_string(std::random_device{}()));
    std::filesystem::create_directory(directory);
    auto const path = directory / "w.fewbits";
    auto const first = sample<fb::mxfp4>(17, 33, false);
    fb::save(sample<fb::mxfp4>(3, 3, false), path);
    fb::save(first, path);
    CHECK(same(first, fb::load_prepacked<fb::mxfp4>(path)));

    // The temporary cannot be made: what was there stays.
    auto const part = directory / "w.fewbits.part";
    CHECK_FALSE(std::filesystem::exists(part));
    std::filesystem::create_directories(part / "in_the_way");
    CHECK_THROWS_AS(fb::save(sample<fb::mxfp4>(3, 3, false), path), fb::io_error);
    CHECK(same(first, fb::load_prepacked<fb::mxfp4>(path)));

    std::ofstream(path, std::ios::binary | std::ios::app) << 'x';
    auto const size = std::filesystem::file_size(path);
    try {
        fb::load_prepacked<fb::mxfp4>(path);
        CHECK(false);
    } catch (fb::io_error const& error) {
        CHECK(error.offset() == size - 1);
        CHECK(error.what() == path.string() + ": byte " + std::to_string(size - 1) + ": bytes follow the matrix");
    }
    CHECK_THROWS_WITH(fb::load_prepacked<fb::mxfp4>(directory / "none"), (directory / "none").string() + ": byte 0: cannot be opened");
    CHECK_THROWS_AS(fb::load_prepacked<fb::mxfp4>(directory), fb::io_error);
    CHECK_THROWS_AS(fb::save(first, directory / "none" / "w"), fb::io_error);
    std::filesystem::remove_all(directory);
}
