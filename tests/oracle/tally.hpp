// Counts comparisons in loops too long for one assertion each and keeps the first few disagreements as text.
#pragma once

#include <cstddef>
#include <iomanip>
#include <sstream>
#include <string>

namespace oracle {

class tally {
public:
    /// Counts one comparison; `describe(stream)` is called only on a disagreement.
    template <class Describe> void expect(bool right, Describe describe) {
        ++checked_;
        if (right) return;
        if (++wrong_ > 5) return;
        std::ostringstream text;
        text << std::setprecision(17);
        describe(text);
        report_ += text.str() + '\n';
    }

    std::size_t checked() const { return checked_; }
    std::size_t wrong() const { return wrong_; }
    std::string const& report() const { return report_; }

private:
    std::size_t checked_ = 0;
    std::size_t wrong_ = 0;
    std::string report_;
};

} // namespace oracle

/// Ends a counting loop: fails with the first disagreements where there are any.
#define REQUIRE_TALLY(tally_object)                                                                                    \
    do {                                                                                                               \
        INFO((tally_object).report());                                                                                 \
        REQUIRE((tally_object).wrong() == 0U);                                                                         \
        REQUIRE((tally_object).checked() != 0U);                                                                       \
    } while (false)
