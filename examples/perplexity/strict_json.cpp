// nlohmann's parser with the two gaps closed: duplicate keys are refused, and errors carry the place in the file.
#include "strict_json.hpp"

#include "errors.hpp"

#include <set>
#include <vector>

namespace perplexity {

namespace {

/// Watches the parser's events and refuses a key that its object already has.
class duplicate_watch {
public:
    duplicate_watch(const std::string& file, std::string_view text, std::uint64_t base)
        : file_(file), text_(text), base_(base) {}

    bool operator()(int /*depth*/, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
        using event_t = nlohmann::json::parse_event_t;
        if (event == event_t::object_start) open_.emplace_back();
        if (event == event_t::object_end) open_.pop_back();
        if (event == event_t::key) {
            const auto& key = parsed.get_ref<const std::string&>();
            if (!open_.back().insert(key).second)
                throw input_error(
                    file_, base_ + offset_of_key(text_, key, 1), "the key \"" + key + "\" is given twice");
        }
        return true;
    }

private:
    const std::string& file_;
    std::string_view text_;
    std::uint64_t base_;
    std::vector<std::set<std::string>> open_;
};

}  // namespace

nlohmann::json parse_strict_json(const std::string& file, std::string_view text, std::uint64_t base) {
    try {
        duplicate_watch watch(file, text, base);
        return nlohmann::json::parse(text.begin(), text.end(), std::ref(watch));
    } catch (const nlohmann::json::parse_error& error) {
        const std::uint64_t place = base + (error.byte > 0 ? error.byte - 1 : 0);
        throw input_error(file, place, std::string("not valid JSON: ") + error.what());
    } catch (const nlohmann::json::exception& error) {  // a number out of range
        throw input_error(file, base, std::string("JSON that cannot be read: ") + error.what());
    }
}

std::size_t offset_of_key(std::string_view text, std::string_view key, std::size_t occurrence) {
    const std::string quoted = '"' + std::string(key) + '"';
    std::size_t found = 0;
    for (std::size_t at = text.find(quoted); at != std::string_view::npos; at = text.find(quoted, at + 1)) {
        found = at;
        if (occurrence-- == 0) break;
    }
    return found;
}

}  // namespace perplexity
