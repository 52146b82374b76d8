// Every way a safetensors file can be wrong is refused with file, byte and reason; right ones give their values.
#include "scratch.hpp"

#include <safetensors.hpp>

#include <catch2/catch.hpp>

using namespace scratch;
using perplexity::safetensors_file;

namespace {

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

/// Opening a file of this header and this many bytes of data is refused at this byte for this reason.
void refused(const std::string& header, std::size_t data, std::uint64_t offset, const std::string& reason) {
    const file f(".safetensors", safetensors(header, std::string(data, '\0')));
    const std::string message = refusal([&] { safetensors_file{f.path()}; });
    INFO(header << "\n" << message);
    CHECK(says(message, f.path(), offset, reason));
}

}  // namespace

TEST_CASE("values come out as stored, exactly widened") {
    const std::string header = R"({"__metadata__":{"format":"pt"},"a":)" + entry("F32", "[2]", "[0,8]") + R"(,"b":)" +
                               entry("BF16", "[1,2]", "[8,12]") + R"(,"c":)" + entry("F16", "[]", "[12,14]") +
                               R"(,"d":)" + entry("I64", "[0]", "[14,14]") + "}   ";
    const float pi = 3.14159274f;
    std::string data(8, '\0');
    std::memcpy(data.data() + 4, &pi, 4);
    data += little_endian(0x3f80, 2) + little_endian(0xc049, 2) + little_endian(0x0001, 2);
    const file f(".safetensors", safetensors(header, data));
    const safetensors_file tensors(f.path());
    CHECK(tensors.read("a", {2}) == std::vector<float>{0.0f, pi});
    CHECK(tensors.read("b", {1, 2}) == std::vector<float>{1.0f, -3.140625f});
    CHECK(tensors.read("c", {}) == std::vector<float>{0x1p-24f});
    CHECK(refusal([&] { tensors.read("d", {0}); }).find("weights are F32, BF16 or F16") != std::string::npos);
    CHECK(refusal([&] { tensors.read("e", {1}); }).find("no tensor \"e\"") != std::string::npos);
    CHECK(refusal([&] {
        tensors.read("a", {1, 2});
    }).find("has the shape [2]; the configuration needs [1, 2]") != std::string::npos);
}

TEST_CASE("a header that does not fit the file") {
    for (const auto& [content, offset, reason] :
        std::vector<std::tuple<std::string, std::uint64_t, std::string>>{{"", 0, "too short"},
            {"1234567", 7, "too short"}, {little_endian(3, 8) + "{}", 0, "only 2 follow"},
            {little_endian(UINT64_MAX, 8) + "{}", 0, "no safetensors"}, {little_endian(0, 8), 8, "not a JSON object"},
            {safetensors(" {}", ""), 8, "not a JSON object"}, {safetensors("[]", ""), 8, "not a JSON object"},
            {safetensors("{\"a\":1", ""), 14, "not valid JSON"}, {safetensors("{\"a\":nan}", ""), 14, "not valid JSON"},
            {safetensors("{} x", ""), 11, "not valid JSON"}, {safetensors("{\"\xff\":1}", ""), 10, "not valid JSON"},
            {safetensors("{}", "abc"), 10, "3 bytes after the last tensor"}}) {
        const file f(".safetensors", content);
        const std::string message = refusal([&] { safetensors_file{f.path()}; });
        INFO(message);
        CHECK(says(message, f.path(), offset, reason));
    }
    CHECK(refusal([] { safetensors_file{"/nonexistent.safetensors"}; }).find("cannot be opened") != std::string::npos);
    CHECK(refusal([] { safetensors_file{"/"}; }).find("is a directory") != std::string::npos);
}

TEST_CASE("header entries that are wrong by themselves") {
    const auto one = [](const std::string& e) { return R"({"a":)" + e + "}"; };
    refused(one("3"), 0, 9, "not described by an object");
    refused(one(R"({"dtype":"F32","shape":[1]})"), 4, 9, "has no data_offsets");
    refused(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":0})"), 4, 9, "members other than");
    refused(one(entry("F31", "[1]", "[0,4]")), 4, 9, "unknown dtype \"F31\"");
    refused(one(R"({"dtype":7,"shape":[1],"data_offsets":[0,4]})"), 4, 9, "dtype that is not a string");
    refused(one(entry("F32", "1", "[0,4]")), 4, 9, "shape that is not a list");
    refused(one(entry("F32", "[-1]", "[0,4]")), 4, 9, "not a whole number");
    refused(one(entry("F32", "[1.0]", "[0,4]")), 4, 9, "not a whole number");
    refused(one(entry("F32", "[1e300]", "[0,4]")), 4, 9, "not a whole number");
    refused(one(entry("F32", "[99999999999999999999]", "[0,4]")), 4, 9, "not a whole number");
    refused(one(entry("F32", "[true]", "[0,4]")), 4, 9, "not a whole number");
    refused(one(entry("F32", "[1]", "[4]")), 4, 9, "two data_offsets");
    refused(one(entry("F32", "[1]", "[4,0]")), 4, 9, "ends before it begins");
    refused(one(entry("F32", "[2]", "[0,8]")), 4, 9, "which has only 4");
    refused(one(entry("F32", "[2]", "[0,4]")), 4, 9, "need 8");
    refused(one(entry("F32", "[4294967296,4294967296]", "[0,0]")), 0, 9, "overflows");
    refused(one(entry("F32", "[4611686018427387905]", "[0,4]")), 4, 9, "overflows");
    refused(R"({"__metadata__":3})", 0, 9, "__metadata__ is not an object");
    refused(R"({"__metadata__":{"k":3}})", 0, 9, "\"k\" is not a string");
    refused(
        one(R"({"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]})"), 4, 28, "\"dtype\" is given twice");
}

TEST_CASE("tensors that are wrong together") {
    const auto two = [](const std::string& a, const std::string& b) { return R"({"a":)" + a + R"(,"b":)" + b + "}"; };
    const std::string first = entry("F32", "[2]", "[0,8]");
    const std::uint64_t second = 8 + 6 + first.size();  // where "b" stands
    refused(two(first, entry("F32", "[2]", "[4,12]")), 12, second, "overlaps");
    refused(two(first, entry("F32", "[2]", "[0,8]")), 8, second, "overlaps");
    refused(two(first, entry("F32", "[1]", "[12,16]")), 16, second, "gap");
    refused(two(entry("F32", "[1]", "[4,8]"), entry("F32", "[1]", "[8,12]")), 12, 9, "gap");
    refused(two(first, entry("F32", "[1]", "[8,12]")), 13, 8 + two(first, entry("F32", "[1]", "[8,12]")).size() + 12,
        "1 bytes after");
    refused(R"({"a":)" + first + R"(,"a":)" + first + "}", 8, second, "\"a\" is given twice");
}

TEST_CASE("weights that are not finite") {
    const std::string header = R"({"a":)" + entry("F32", "[3]", "[0,12]") + "}";
    const file f(".safetensors", safetensors(header, std::string(8, '\0') + little_endian(0x7fc00000, 4)));
    const std::string message = refusal([&] { safetensors_file{f.path()}.read("a", {3}); });
    CHECK(says(message, f.path(), 8 + header.size() + 8, "NaN or an infinity"));
}
