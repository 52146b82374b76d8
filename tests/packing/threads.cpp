// Two threads writing ranges that meet at a byte never touch each other's bytes.
#include "model.hpp"

#include <fewbits/quantize/spans.hpp>

#include <catch2/catch.hpp>

#include <thread>

using namespace packing_model;

namespace {

template <class T> void write_neighbours() {
    constexpr std::size_t half = 8 * 33; // eight codes of any width end on a byte
    bytes storage(fb::packed_size<T>(2 * half));
    for (int round = 0; round < 20; ++round) {
        fb::packed_span<T> const all(storage, 2 * half);
        auto writer = [](fb::packed_span<T> part, unsigned salt) {
            for (std::size_t i = 0; i < part.size(); ++i) part[i] = T::from_bits(static_cast<unsigned>(i) * 7 + salt);
        };
        auto const salt = static_cast<unsigned>(round);
        std::thread first(writer, all.subspan(0, half), salt);
        std::thread second(writer, all.subspan(half, half), salt + 1);
        first.join();
        second.join();
        unsigned const mask = (1U << T::width) - 1U;
        for (std::size_t i = 0; i < half; ++i) {
            REQUIRE(static_cast<T>(all[i]).bits() == ((static_cast<unsigned>(i) * 7 + salt) & mask));
            REQUIRE(static_cast<T>(all[half + i]).bits() == ((static_cast<unsigned>(i) * 7 + salt + 1) & mask));
        }
    }
}

} // namespace

TEST_CASE("neighbouring ranges on two threads", "[packing][threads]") {
    write_neighbours<fb::uint_n<1>>();
    write_neighbours<fb::uint_n<3>>();
    write_neighbours<fb::e2m1>();
    write_neighbours<fb::uint_n<5>>();
    write_neighbours<fb::e3m2>();
    write_neighbours<fb::uint_n<7>>();
    write_neighbours<fb::fp16>();
}

TEST_CASE("writing the last element before a byte border leaves the next byte alone", "[packing][threads]") {
    // by value: a store that wrote the neighbour's old byte back would undo its change
    for (std::size_t i = 0; i < 8; ++i) {
        bytes storage = random_bytes(8, static_cast<unsigned>(i));
        bytes const before = storage;
        fb::packed_span<fb::uint_n<7>> const all(storage, 9);
        all[i] = fb::uint_n<7>::from_bits(0x55);
        std::size_t const first = i * 7 / 8;
        std::size_t const last = (i * 7 + 6) / 8;
        for (std::size_t b = 0; b < storage.size(); ++b) {
            if (b < first || b > last) REQUIRE(storage[b] == before[b]);
        }
    }
}
