// The measures themselves, against plain formulas in double; files that are replaced as a whole; the plot.
#include "scratch.hpp"

#include <attention.hpp>
#include <files.hpp>
#include <report.hpp>
#include <scoring.hpp>
#include <vector_math.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <random>

using namespace perplexity;

TEST_CASE("the vectorised exponential is good to 2e-7") {
    double worst = 0;
    for (int i = -8700; i < 8700; ++i) {
        const float x = static_cast<float>(i) * 0.01f + 0.00123f;
        const double exact = std::exp(static_cast<double>(x));
        worst = (std::max)(worst, std::fabs(static_cast<double>(fast_exp(x)) - exact) / exact);
    }
    CHECK(worst < 2e-7);
    CHECK(fast_exp(0.0f) == 1.0f);
    CHECK(fast_exp(-1000.0f) < 1e-37f);
    CHECK(fast_exp(1000.0f) > 6e37f);
}

TEST_CASE("log-softmax and divergence agree with their definitions") {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0.0f, 4.0f);
    std::vector<float> p(2 * 37), q(2 * 37);
    for (float& x : p) x = normal(random);
    for (float& x : q) x = normal(random);
    std::vector<float> log_p = p, log_q = q;
    log_softmax({log_p.data(), 2, 37, 37});
    log_softmax({log_q.data(), 2, 37, 37});
    for (std::size_t row = 0; row < 2; ++row) {
        double sum_p = 0, sum_q = 0, expected = 0;
        for (std::size_t i = row * 37; i < (row + 1) * 37; ++i) {
            sum_p += std::exp(static_cast<double>(p[i]));
            sum_q += std::exp(static_cast<double>(q[i]));
        }
        for (std::size_t i = row * 37; i < (row + 1) * 37; ++i) {
            const double lp = static_cast<double>(p[i]) - std::log(sum_p),
                         lq = static_cast<double>(q[i]) - std::log(sum_q);
            CHECK(static_cast<double>(log_p[i]) == Approx(lp).margin(2e-6));
            expected += std::exp(lp) * (lp - lq);
        }
        CHECK(divergence(log_p.data() + row * 37, log_q.data() + row * 37, 37) == Approx(expected).epsilon(1e-5));
        CHECK(divergence(log_p.data() + row * 37, log_p.data() + row * 37, 37) == 0.0);
    }
}

TEST_CASE("paired change: equal rates have no error, one document has none to give") {
    const document_scores before{{10, 20, 30}, {0, 0, 0}, {10, 20, 30}};
    const document_scores uniform{{11, 22, 33}, {0, 0, 0}, {10, 20, 30}};  // +0.1 per token in every document
    CHECK(paired_change(before, uniform).mean == Approx(0.1));
    CHECK(*paired_change(before, uniform).error == Approx(0).margin(1e-12));
    const document_scores uneven{{11, 20, 30}, {0, 0, 0}, {10, 20, 30}};
    const estimate change = paired_change(before, uneven);
    CHECK(change.mean == Approx(1.0 / 60));
    // residuals 1 - 1/6, -1/3, -1/2
    CHECK(*change.error == Approx(std::sqrt((25.0 / 36 + 1.0 / 9 + 1.0 / 4) * 3 / 2) / 60));
    CHECK(!paired_change({{1}, {0}, {5}}, {{2}, {0}, {5}}).error.has_value());
}

TEST_CASE("attention agrees with its formula at every length") {
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    constexpr std::size_t head = 6, heads = 4, kv = 2;
    for (const std::size_t tokens : std::vector<std::size_t>{1, 2, 3, 4, 5, 9}) {
        std::vector<float> q(tokens * heads * head), k(tokens * kv * head), v(k.size()), out(q.size());
        for (auto* values : {&q, &k, &v})
            for (float& x : *values) x = normal(random);
        causal_attention({q.data(), tokens, heads * head, heads * head}, {k.data(), tokens, kv * head, kv * head},
            {v.data(), tokens, kv * head, kv * head}, head, {out.data(), tokens, heads * head, heads * head});
        for (std::size_t t = 0; t < tokens; ++t)
            for (std::size_t h = 0; h < heads; ++h) {
                std::vector<double> mixed(head);
                double sum = 0;
                for (std::size_t s = 0; s <= t; ++s) {
                    double dot = 0;
                    for (std::size_t d = 0; d < head; ++d)
                        dot += static_cast<double>(q[(t * heads + h) * head + d]) *
                               static_cast<double>(k[(s * kv + h / 2) * head + d]);
                    const double weight = std::exp(dot / std::sqrt(6.0));
                    sum += weight;
                    for (std::size_t d = 0; d < head; ++d)
                        mixed[d] += weight * static_cast<double>(v[(s * kv + h / 2) * head + d]);
                }
                for (std::size_t d = 0; d < head; ++d)
                    CHECK(static_cast<double>(out[(t * heads + h) * head + d]) == Approx(mixed[d] / sum).margin(2e-6));
            }
    }
}

TEST_CASE("rotary positions keep lengths and turn the right pairs") {
    for (const auto order : {rotary_order::halves, rotary_order::adjacent}) {
        const rotary_table table(3, 4, 10000.0, order);
        std::vector<float> x(12, 0.0f);
        for (std::size_t t = 0; t < 3; ++t) x[t * 4] = 1.0f;
        table.apply({x.data(), 3, 4, 4});
        const std::size_t partner = order == rotary_order::halves ? 2 : 1;
        for (std::size_t t = 0; t < 3; ++t) {
            CHECK(static_cast<double>(x[t * 4]) == Approx(std::cos(static_cast<double>(t))));
            CHECK(static_cast<double>(x[t * 4 + partner]) == Approx(std::sin(static_cast<double>(t))));
        }
    }
}

TEST_CASE("an output file is replaced whole or not at all") {
    const scratch::file f(".json", "old");
    write_file(f.path(), "new");
    CHECK(as_text(read_file(f.path())) == "new");
    CHECK_THROWS(write_file("/nonexistent/x.json", "new"));
    const auto directory = std::filesystem::path(f.path() + ".d");
    std::filesystem::create_directory(directory);
    CHECK_THROWS(write_file(directory.string(), "new"));
    std::filesystem::remove(directory);
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(f.path()).parent_path()))
        CHECK(entry.path().string().rfind(directory.string() + ".part", 0) != 0);  // nothing left lying about
}

TEST_CASE("reports: rows that failed or did not change are said in words") {
    report r;
    r.model = "<model>";
    r.rows.resize(3);
    r.rows[0].request.name = "fp32";
    r.rows[1].request.name = "good";
    r.rows[1].bits_per_weight = 4.5;
    r.rows[1].divergence = 0.01;
    r.rows[1].sqnr_db = 20.0;
    r.rows[2].request.name = "bad";
    r.rows[2].failure = "rows of 64 < 256";
    CHECK(table_row(r.rows[2]) == "bad: not possible: rows of 64 < 256\n");
    CHECK(table_row(r.rows[0]).find("exact") != std::string::npos);
    const std::string page = html_report(r);
    CHECK(page.find("&lt;model&gt;") != std::string::npos);
    CHECK(page.find("64 &lt; 256") != std::string::npos);
    CHECK(page.find("Not in the plot: fp32") != std::string::npos);
    CHECK(page.find(">good</text>") != std::string::npos);
    CHECK(json_report(r).find("\"sqnr_db\": null") != std::string::npos);
    CHECK(grouped(0) == "0");
    CHECK(grouped(1234567) == "1,234,567");
    CHECK(grouped(123456) == "123,456");
}
