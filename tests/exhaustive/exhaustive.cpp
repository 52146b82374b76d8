// All 2^32 floats into one format (or several), in every mode and policy, one by one and in bulk by every instruction set
// that the processor has, against the oracle's steps.
//   exhaustive [format...] [--modes nearest_even,upward,...] [--targets definition,avx512,...] [--threads n]
// By default every format up to 8 bits in every mode by every target.
#include "../oracle/under_test.hpp"

#include <fewbits/quantize/spans.hpp>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

using namespace oracle;

namespace {

struct request {
    std::vector<std::string> formats;
    std::string modes;
    std::string targets;
    unsigned threads = (std::max)(1U, std::thread::hardware_concurrency());
};

using bulk_encoder = void (*)(std::span<float const>, std::span<std::byte>, fb::rounding_rule, fb::overflow_policy);

/// encode<T> over spans by one instruction set, of every format in the order of formats_under_test().
struct bulk_target {
    std::string name;
    std::vector<bulk_encoder> encoders;
};

std::vector<bulk_target> bulk_targets() {
    std::vector<bulk_target> out;
    auto offer = [&]<class Isa>(Isa isa) {
        if (!fb::runs(fb::this_processor(), isa)) return;
        bulk_target target{std::string(Isa::name), {}};
        for_each_tested([&]<class T>() {
            target.encoders.push_back([](std::span<float const> in, std::span<std::byte> packed, fb::rounding_rule how,
                                          fb::overflow_policy policy) { fb::encode_on<T>(Isa{}, in, packed, how, policy, 0); });
        });
        out.push_back(std::move(target));
    };
    offer(fb::isa::portable{});
    offer(fb::isa::avx2{});
    offer(fb::isa::avx512{});
    return out;
}

struct task {
    rule how;
    overflow policy;
    std::string target; // "definition": one by one
    bulk_encoder bulk;  // null where one by one
    step_function<std::uint32_t> expected;
};

constexpr std::uint32_t chunk = 1U << 22; // floats per unit of work
constexpr std::uint64_t all_floats = std::uint64_t{1} << 32;

/// The code of a float by walking along the steps; keys must ascend from call to call.
class walker {
public:
    walker(step_function<std::uint32_t> const& f, std::uint32_t first) : f_(f) {
        while (at_ + 1 < f.steps.size() && f.steps[at_ + 1].first <= first) ++at_;
    }
    unsigned operator()(std::uint32_t key, std::uint32_t bits) {
        if (bits_are_nan(bits)) return (bits >> 31) != 0 ? f_.negative_nan : f_.positive_nan;
        while (at_ + 1 < f_.steps.size() && f_.steps[at_ + 1].first <= key) ++at_;
        return f_.steps[at_].code;
    }

private:
    step_function<std::uint32_t> const& f_;
    std::size_t at_ = 0;
};

/// The floats whose keys are [first, first + chunk): how many disagree; the first few are printed.
std::uint64_t check_chunk(
    format_under_test const& f, task const& t, std::uint32_t first, std::atomic<int>& reports) {
    std::uint64_t wrong = 0;
    fb::rounding_rule const how = as_rule(t.how);
    fb::overflow_policy const policy = as_policy(t.policy);
    walker want_at(t.expected, first);
    auto check = [&](std::uint32_t key, unsigned got) {
        std::uint32_t const bits = bits_of_key(key);
        unsigned const want = want_at(key, bits);
        if (got == want) return;
        ++wrong;
        if (reports.fetch_add(1) >= 10) return;
        std::printf("\n%s %s by %s: float %08x (%.9g) -> %u, the oracle %u\n", f.expected.about().name.c_str(),
            name_of(t.how.how), t.target.c_str(), bits, static_cast<double>(std::bit_cast<float>(bits)), got,
            want);
    };
    if (t.bulk == nullptr) {
        for (std::uint32_t i = 0; i < chunk; ++i) check(first + i, f.from_float(float_of_key(first + i), how, policy));
        return wrong;
    }
    constexpr std::uint32_t run = 4096;
    int const width = f.expected.about().width;
    std::vector<float> in(run);
    std::vector<std::byte> packed(fb::stream_bytes(run, width));
    for (std::uint32_t begin = 0; begin < chunk; begin += run) {
        for (std::uint32_t i = 0; i < run; ++i) in[i] = float_of_key(first + begin + i);
        t.bulk(in, packed, how, policy);
        for (std::uint32_t i = 0; i < run; ++i) {
            check(first + begin + i, fb::load_code(packed.data(), i * static_cast<std::size_t>(width), width));
        }
    }
    return wrong;
}

bool wanted(std::string const& list, std::string const& name) {
    return list.empty() || list.find(name) != std::string::npos;
}

std::vector<task> tasks_of(std::size_t index, std::vector<bulk_target> const& targets, request const& r) {
    format_oracle const& f = formats_under_test()[index].expected;
    auto rules = deterministic_rules(f);
    for (overflow policy : {overflow::saturate, overflow::to_special})
        rules.push_back({{mode::stochastic, 0xb5c0'fbcfU, 32}, policy});
    std::vector<task> out;
    for (auto const& [how, policy] : rules) {
        if (!wanted(r.modes, name_of(how.how))) continue;
        auto const steps = f.float_steps(how, policy);
        if (wanted(r.targets, "definition")) out.push_back({how, policy, "definition", nullptr, steps});
        if (how.how == mode::stochastic) continue; // in bulk every element has bits of its own
        for (bulk_target const& target : targets) {
            if (wanted(r.targets, target.name)) out.push_back({how, policy, target.name, target.encoders[index], steps});
        }
    }
    return out;
}

std::uint64_t check_format(std::size_t index, std::vector<bulk_target> const& targets, request const& r) {
    format_under_test const& f = formats_under_test()[index];
    std::vector<task> const tasks = tasks_of(index, targets, r);
    std::uint64_t const per_task = all_floats / chunk;
    std::uint64_t const total = per_task * tasks.size();
    std::atomic<std::uint64_t> next{0};
    std::atomic<std::uint64_t> done{0};
    std::atomic<std::uint64_t> wrong{0};
    std::atomic<int> reports{0};
    auto const begin = std::chrono::steady_clock::now();
    auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
    auto work = [&] {
        for (std::uint64_t i = next++; i < total; i = next++) {
            wrong +=
                check_chunk(f, tasks[i / per_task], static_cast<std::uint32_t>(i % per_task * chunk), reports);
            ++done;
        }
    };
    std::vector<std::thread> pool;
    for (unsigned i = 0; i < r.threads; ++i) pool.emplace_back(work);
    bool const terminal = isatty(STDERR_FILENO) != 0;
    while (done < total) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        double const part = static_cast<double>(done) / static_cast<double>(total);
        if (terminal && part > 0) {
            std::fprintf(stderr, "\r%-16s %5.1f %%  %4.0f s left ", f.expected.about().name.c_str(), 100 * part,
                elapsed() / part - elapsed());
        }
    }
    for (std::thread& t : pool) t.join();
    if (terminal) std::fprintf(stderr, "\r%50s\r", "");
    std::printf("%-28s %2zu rules x 2^32 floats in %6.1f s: %llu wrong\n", f.expected.about().name.c_str(),
        tasks.size(), elapsed(), static_cast<unsigned long long>(wrong.load()));
    std::fflush(stdout);
    return wrong;
}

bool parse(int argc, char** argv, request& r) {
    for (int i = 1; i < argc; ++i) {
        std::string const word = argv[i];
        if (word == "--modes" && i + 1 < argc)
            r.modes = argv[++i];
        else if (word == "--targets" && i + 1 < argc)
            r.targets = argv[++i];
        else if (word == "--threads" && i + 1 < argc)
            r.threads = static_cast<unsigned>((std::max)(1, std::atoi(argv[++i])));
        else if (word.starts_with("-"))
            return false;
        else
            r.formats.push_back(word);
    }
    return true;
}

} // namespace

int main(int argc, char** argv) {
    request r;
    if (!parse(argc, argv, r)) {
        std::fprintf(stderr, "usage: exhaustive [format...] [--modes nearest_even,...] [--targets definition,avx512,...] [--threads n]\n");
        return 2;
    }
    std::uint64_t wrong = 0;
    std::size_t checked = 0;
    auto const targets = bulk_targets();
    for (std::size_t i = 0; i < formats_under_test().size(); ++i) {
        format_under_test const& f = formats_under_test()[i];
        std::string const& name = f.expected.about().name;
        bool const asked = r.formats.empty() ? f.expected.about().width <= 8
                                              : std::find(r.formats.begin(), r.formats.end(), name) != r.formats.end();
        if (!asked) continue;
        wrong += check_format(i, targets, r);
        ++checked;
    }
    if (checked == 0) std::fprintf(stderr, "no such format\n");
    return wrong == 0 && checked != 0 ? 0 : 1;
}
