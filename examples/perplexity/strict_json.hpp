// JSON text that must be exactly right: duplicate keys and trailing bytes are errors with a byte offset.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace perplexity {

/// Parses `text`, which stands in `file` from byte `base` on. Throws input_error on bad JSON and on a key given twice
/// in one object.
nlohmann::json parse_strict_json(const std::string& file, std::string_view text, std::uint64_t base);

/// The offset in `text` of the n-th occurrence of the quoted key (0 = the first); 0 if it is not spelled literally.
std::size_t offset_of_key(std::string_view text, std::string_view key, std::size_t occurrence = 0);

}  // namespace perplexity
