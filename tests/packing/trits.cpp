// Ternary at five digits per byte: every byte value, every length, digits written one at a time.
#include "model.hpp"

#include <fewbits/packing/trits.hpp>

#include <catch2/catch.hpp>

using namespace packing_model;

TEST_CASE("a byte is the base-3 number of its five digits, the first the least", "[packing][trits]") {
    for (unsigned byte = 0; byte < 243; ++byte) {
        std::byte const stored{static_cast<unsigned char>(byte)};
        unsigned rest = byte;
        for (std::size_t digit = 0; digit < 5; ++digit, rest /= 3)
            REQUIRE(fb::load_trit(&stored, digit) == static_cast<int>(rest % 3) - 1);
    }
}

TEST_CASE("digits are independent at every length", "[packing][trits]") {
    for (std::size_t count : std::initializer_list<std::size_t>{1, 4, 5, 6, 255, 256, 257, 261, 300, 512, 1000}) {
        std::size_t const size = fb::trit_bytes(count);
        bytes stored(size + 1, std::byte{0});
        stored.back() = std::byte{0xa5};
        std::vector<int> digits(count, -1);
        std::mt19937 engine(static_cast<unsigned>(count));
        for (int round = 0; round < 3; ++round) {
            for (std::size_t i = 0; i < count; ++i) {
                digits[i] = static_cast<int>(engine() % 3U) - 1;
                fb::store_trit(stored.data(), i, digits[i]);
            }
            for (std::size_t i = 0; i < count; ++i) REQUIRE(fb::load_trit(stored.data(), i) == digits[i]);
        }
        REQUIRE(stored.back() == std::byte{0xa5});
        for (std::size_t b = 0; b < size; ++b) REQUIRE(static_cast<unsigned>(stored[b]) < 243U);
    }
}

TEST_CASE("1.6 bits per digit, a new byte every 256", "[packing][trits]") {
    CHECK(fb::trit_bytes(0) == 0);
    CHECK(fb::trit_bytes(1) == 1);
    CHECK(fb::trit_bytes(5) == 1);
    CHECK(fb::trit_bytes(6) == 2);
    CHECK(fb::trit_bytes(255) == 51);
    CHECK(fb::trit_bytes(256) == 52);
    CHECK(fb::trit_bytes(257) == 53);
    CHECK(fb::trit_bytes(512) == 104);
}

TEST_CASE("whole rows of digits are those written and read one at a time", "[packing][trits]") {
    std::mt19937 engine(3);
    for (std::size_t count : std::initializer_list<std::size_t>{1, 4, 5, 6, 63, 64, 65, 255, 256, 257, 300, 512, 1000}) {
        bytes any(fb::trit_bytes(count));
        for (std::byte& b : any) b = static_cast<std::byte>(engine()); // bytes above 242 too
        std::vector<std::uint8_t> codes(count + 1, 77);
        fb::unpack_trits(any.data(), count, codes.data());
        bytes single(any.size() + 1, std::byte{0});
        bytes packed(any.size() + 1, std::byte{0});
        for (std::size_t i = 0; i < count; ++i) {
            int const digit = fb::load_trit(any.data(), i);
            CHECK(codes[i] == (static_cast<unsigned>(digit) & 3U));
            fb::store_trit(single.data(), i, digit);
        }
        CHECK(codes[count] == 77);
        fb::pack_trits(codes.data(), count, packed.data());
        CHECK(packed == single);
    }
}
