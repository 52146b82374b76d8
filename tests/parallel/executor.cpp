// Executors: every index once, exceptions come out, loops inside loops, the caller's own pool.

#include <catch2/catch.hpp>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fewbits/parallel/threads.hpp>

namespace fb = fewbits;

namespace {

struct own_pool {
    std::size_t loops = 0;
    void parallel_for(std::size_t count, std::function<void(std::size_t)> const& f) {
        ++loops;
        for (std::size_t i = count; i > 0; --i) f(i - 1);
    }
    std::size_t concurrency() const { return 5; }
};

void check_every_index_once(fb::executor const& run_on) {
    for (std::size_t const count : {0UL, 1UL, 2UL, 3UL, 100UL, 10000UL}) {
        std::vector<std::atomic<int>> calls(count);
        run_on.run(count, [&](std::size_t i) { ++calls[i]; });
        std::size_t wrong = 0;
        for (auto const& c : calls) wrong += c != 1 ? 1U : 0U;
        CHECK(wrong == 0);
    }
}

}  // namespace

TEST_CASE("every index is called once") {
    check_every_index_once({});
    check_every_index_once(fb::serial);
    for (std::size_t const n : {0UL, 1UL, 2UL, 3UL, 8UL}) check_every_index_once(fb::threads(n));
    own_pool pool;
    check_every_index_once(pool);
    CHECK(pool.loops == 4);  // loops of none or one do not bother the pool
    auto const loop = [](std::size_t count, auto const& f) {
        for (std::size_t i = 0; i < count; ++i) f(i);
    };
    check_every_index_once(loop);
}

TEST_CASE("the hint for cutting work") {
    own_pool pool;
    CHECK(fb::executor(pool).concurrency() == 5);
    CHECK(fb::serial.concurrency() == 1);
    CHECK(fb::threads(3).concurrency() == 3);
    CHECK(fb::threads(1).concurrency() == 1);
}

TEST_CASE("an exception comes out of run, and the pool works on") {
    own_pool pool;
    for (fb::executor const& run_on : {fb::executor(), fb::threads(2), fb::threads(3), fb::executor(pool)}) {
        for (int round = 0; round < 50; ++round) {
            CHECK_THROWS_AS(run_on.run(64, [](std::size_t i) { if (i % 2 == 1) throw std::runtime_error("odd"); }),
                            std::runtime_error);
        }
        check_every_index_once(run_on);
    }
}

TEST_CASE("a loop inside a loop runs on its caller alone") {
    fb::executor const outer = fb::threads(3);
    for (fb::executor const& inner : {fb::threads(3), fb::threads(2)}) {
        std::atomic<int> calls{0};
        std::atomic<int> strangers{0};
        outer.run(20, [&](std::size_t) {
            auto const self = std::this_thread::get_id();
            inner.run(30, [&](std::size_t) {
                ++calls;
                if (std::this_thread::get_id() != self) ++strangers;
            });
        });
        CHECK(calls == 600);
        CHECK(strangers == 0);
    }
}

TEST_CASE("two threads may use one pool at once") {
    std::atomic<int> calls{0};
    auto const use = [&] {
        for (int i = 0; i < 200; ++i) fb::threads(2).run(10, [&](std::size_t) { ++calls; });
    };
    std::thread other(use);
    use();
    other.join();
    CHECK(calls == 4000);
}

TEST_CASE("a pool helps: several threads take part") {
    std::atomic<int> waiting{0};
    fb::threads(2).run(2, [&](std::size_t) {
        ++waiting;
        while (waiting < 2) std::this_thread::yield();  // ends only if both calls run at once
    });
    CHECK(waiting == 2);
}
