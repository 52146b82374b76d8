// How compare.py talks to the programs it compares: a line of words in, a line out, so that measurements can alternate.
//
//   load <weights> <n> <k> <threads> <cold bytes> <file of floats>   ok <bytes of one copy>
//   input <activations> <m> <file of floats>                         ok <what runs>
//   time <hot|cold> <seconds>                                        ok <seconds of one product, the mean over that long>
//   check <file>                                                     ok   (64 rows of the weights as they are used, then the
//                                                                          64 columns of y that belong to them, as floats)
// An answer that begins with "no" says why not.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

struct load_request {
    std::string weights;          ///< the contender's own name of a format
    std::size_t n, k, threads;
    std::size_t cold_bytes;       ///< equal copies of the weights have this many bytes together
};

/// One that multiplies: y (M x N) = a (M x K) * transpose(w (N x K)).
class contender {
public:
    virtual ~contender() = default;
    /// Brings w (N x K) into the form it multiplies from; the bytes of one copy. Throws, saying why, where it cannot.
    virtual std::size_t load(load_request const& request, float const* w) = 0;
    /// Brings a (M x K) into the form it is given in; says what runs.
    virtual std::string input(std::string const& activations, std::size_t m, float const* a) = 0;
    virtual std::size_t copies() const = 0;
    virtual void multiply(std::size_t copy) = 0;
    virtual float weight(std::size_t row, std::size_t col) const = 0;
    virtual float result(std::size_t row, std::size_t col) const = 0;
};

inline std::vector<float> read_floats(std::string const& path, std::size_t count) {
    std::vector<float> values(count);
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(float)));
    if (!file) throw std::runtime_error("cannot read " + path);
    return values;
}

inline double seconds_of(contender& one, bool cold, double at_least, std::size_t& next) {
    using clock = std::chrono::steady_clock;
    auto const start = clock::now();
    for (std::size_t count = 1;; ++count) {
        one.multiply(cold ? next++ % one.copies() : 0);
        double const passed = std::chrono::duration<double>(clock::now() - start).count();
        if (passed >= at_least) return passed / static_cast<double>(count);
    }
}

inline void write_sample(contender const& one, std::size_t m, load_request const& r, std::string const& path) {
    constexpr std::size_t rows = 64;
    std::vector<float> sample;
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t k = 0; k < r.k; ++k) sample.push_back(one.weight(i * r.n / rows, k));
    }
    for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < rows; ++j) sample.push_back(one.result(i, j * r.n / rows));
    }
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<char const*>(sample.data()), static_cast<std::streamsize>(sample.size() * sizeof(float)));
}

/// Answers until the input ends.
inline int serve(contender& one) {
    load_request loaded{};
    std::size_t m = 0;
    std::size_t next = 0;
    auto const answer = [&](std::istringstream& words) -> std::string {
        std::string verb, name, path;
        words >> verb;
        if (verb == "load") {
            words >> loaded.weights >> loaded.n >> loaded.k >> loaded.threads >> loaded.cold_bytes >> path;
            return std::to_string(one.load(loaded, read_floats(path, loaded.n * loaded.k).data()));
        }
        if (verb == "input") {
            words >> name >> m >> path;
            std::string const what = one.input(name, m, read_floats(path, m * loaded.k).data());
            one.multiply(0);
            return what;
        }
        if (verb == "time") {
            double at_least = 0;
            words >> name >> at_least;
            return std::to_string(seconds_of(one, name == "cold", at_least, next) * 1e9) + "e-9";
        }
        if (verb == "check") {
            words >> path;
            one.multiply(0);
            write_sample(one, m, loaded, path);
            return "";
        }
        throw std::runtime_error("what is " + verb + "?");
    };
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        try {
            std::string const said = answer(words);
            std::cout << "ok " << said << std::endl;
        } catch (std::exception const& e) {
            std::cout << "no " << e.what() << std::endl;
        }
    }
    return 0;
}

}  // namespace bench
