// Prints every format as a row of a Markdown table, from the descriptors alone: README's tables are this program's output.
//   formats_table [scalars | blocks]     (both by default)
#include <fewbits/fewbits.hpp>

#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace fb = fewbits;

namespace {

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

/// Powers of two below 1 as such, other numbers in decimals.
std::string small_number(fb::unpacked value) {
    bool const power = value.kind == fb::number_class::finite && (value.significand & (value.significand - 1)) == 0;
    if (!power) return number(fb::to_double(value));
    int exponent = value.exponent;
    for (auto s = value.significand; s > 1; s /= 2) ++exponent;
    return exponent < 0 ? "2^" + std::to_string(exponent) : number(fb::to_double(value));
}

std::string plural(std::size_t count, char const* what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

void row(std::initializer_list<std::string> cells) {
    std::string line = "|";
    for (std::string const& cell : cells) line += " " + cell + " |";
    std::puts(line.c_str());
}

// ---- scalars

constexpr std::string_view kind_name(fb::format_kind kind) {
    return kind == fb::format_kind::minifloat ? "floating point" : kind == fb::format_kind::integer ? "integer" : "codebook";
}

template <fb::scalar T>
bool exact_in_bf16() {
    for (unsigned code = 0; code < (1U << T::width); ++code) {
        auto const value = T::from_bits(code);
        if (T::codec::is_nan(code)) continue;
        if (fb::bf16::codec::order(fb::bf16{value}.bits()) == 0 && T::codec::unpack(code).kind == fb::number_class::zero) continue;
        if (double(fb::bf16{value}) != double(value)) return false;
    }
    return true;
}

template <fb::scalar T>
std::string as_int8() {
    constexpr fb::integer_view view = fb::integers_of<T>();
    if (!view.exact) return "";
    return std::to_string(view.lowest) + ".." + std::to_string(view.highest) +
           (view.exponent == 0 ? "" : " × 2^" + std::to_string(view.exponent));
}

template <fb::scalar T>
void scalar_row() {
    using limits = std::numeric_limits<T>;
    using codec = typename T::codec;
    std::string normal, positive;
    if constexpr (T::kind == fb::format_kind::minifloat) {
        normal = small_number(fb::unpack((limits::min)()));
        positive = small_number(fb::unpack(limits::denorm_min()));
    } else {
        double smallest = 0;
        unsigned found = 0;
        for (unsigned code = 0; code < (1U << T::width); ++code) {
            auto const value = double(T::from_bits(code));
            if (value > 0 && (smallest == 0 || value < smallest)) smallest = value, found = code;
        }
        if (smallest > 0) positive = small_number(codec::unpack(found));
    }
    std::size_t nans = 0;
    for (unsigned code = 0; code < (1U << T::width); ++code) nans += codec::is_nan(code) ? 1U : 0U;
    row({"`" + std::string(T::name) + "`", std::to_string(T::width), std::string(kind_name(T::kind)), number(double(limits::lowest())),
         number(double((limits::max)())), normal, positive, codec::has_infinity ? "yes" : "",
         nans == 0 ? "" : plural(nans, "code"), exact_in_bf16<T>() ? "yes" : "", as_int8<T>()});
}

// ---- block formats

std::string shape(fb::block_extent e, char const* unit) {
    if (e == fb::per_tensor) return "tensor";
    if (e == fb::per_row) return "row";
    if (e == fb::per_column) return "column";
    if (e.rows == 1) return plural(e.cols, unit);
    return std::to_string(e.rows) + " × " + std::to_string(e.cols);
}

/// A number that scales are stored in, with the scales and offsets it has itself.
template <class S>
std::string chain() {
    if constexpr (std::is_same_v<S, float>) {
        return "fp32";
    } else if constexpr (fb::scalar<S>) {
        return std::string(S::name);
    } else {
        std::string text = std::string(S::element::name) + " × " + chain<typename S::scale_type>() + " per " + shape(S::block, "scale");
        using offset = fb::offset_facts<typename S::offset_type>;
        if constexpr (!std::is_void_v<typename offset::type>) {
            text += (offset::sign < 0 ? " − " : " + ") + chain<typename offset::type>() + " per " +
                    shape(fb::offset_extent<S>, "scale");
        }
        return text;
    }
}

template <fb::block_format F>
std::string offset_text() {
    using offset = fb::offset_facts<typename F::offset_type>;
    if constexpr (std::is_void_v<typename offset::type>) {
        return "";
    } else {
        return (F::has_zero_point ? "zero point, " : offset::sign < 0 ? "minimum, subtracted, " : "minimum, ") +
               chain<typename offset::type>();
    }
}

/// The class of the portable kernel: what follows the target in its name.
std::string kernel_class(std::string const& name) {
    std::size_t const begin = name.find('/') + 1;
    return name.substr(begin, name.find(':') - begin);
}

template <fb::block_format F>
void block_row() {
    std::string const element = F::trits ? std::string(F::element::name) + ", 5 per byte" : std::string(F::element::name);
    row({"`" + std::string(F::name) + "`", element, shape(F::block, "element"), chain<typename F::scale_type>(), offset_text<F>(),
         number(F::bits_per_element), kernel_class(fb::kernel_name<float, F>(fb::target_choice::portable)),
         kernel_class(fb::kernel_name<fb::int8_row, F>(fb::target_choice::portable))});
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view const which = argc > 1 ? argv[1] : "";
    if (which != "blocks") {
        row({"Scalar", "Bits", "Kind", "Lowest", "Largest", "Smallest normal", "Smallest positive", "Infinities", "NaN", "Exact in bf16",
             "Exact in int8"});
        std::puts("|---|--:|---|--:|--:|--:|--:|---|---|---|---|");
        fb::for_each(fb::all_scalars{}, []<class T>() { scalar_row<T>(); });
    }
    if (which.empty()) std::puts("");
    if (which != "scalars") {
        row({"Block format", "Element", "One scale per", "Scale", "Offset", "Bits per element", "Kernel, float activations",
             "Kernel, int8 activations"});
        std::puts("|---|---|---|---|---|--:|---|---|");
        fb::for_each(fb::all_block_formats{}, []<class F>() { block_row<F>(); });
    }
    return 0;
}
