// Where loops run: a non-owning handle to whatever calls f(0) ... f(count - 1), the calling thread by default.
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

#include "../config.hpp"

namespace fewbits {

/// One iteration of a parallel loop, as an executor hands it to the object that runs it.
class loop_body {
public:
    using function = void (*)(void*, std::size_t);
    loop_body(function call, void* state) noexcept : call_(call), state_(state) {}
    void operator()(std::size_t index) const { call_(state_, index); }

private:
    function call_;
    void* state_;
};

/// An object that runs loops: `pool.parallel_for(count, f)` must call f(i) exactly once for every i in [0, count), in any
/// order and on any threads, and return when all calls have returned.
template <class P>
concept has_parallel_for = requires(P& pool, std::size_t count, loop_body f) { pool.parallel_for(count, f); };

/// The same as a plain call: `run(count, f)`.
template <class P>
concept callable_as_loop = !has_parallel_for<P> && std::invocable<P&, std::size_t, loop_body>;

/// A copyable handle to something that runs loops. It owns nothing: the object it was made from has to outlive it.
class executor {
public:
    using runner = void (*)(void* pool, std::size_t count, loop_body f);

    /// The calling thread, in ascending order.
    executor() noexcept = default;

    /// `concurrency`: how many calls may run at once; only a hint for cutting work, results never depend on it.
    executor(runner loop, void* pool, std::size_t concurrency) noexcept
        : run_(loop), pool_(pool), concurrency_(concurrency == 0 ? 1 : concurrency) {}

    /// The caller's own pool, by reference. Its member concurrency(), where it has one, is taken as the hint.
    template <class P>
        requires(!std::same_as<std::remove_const_t<P>, executor> && (has_parallel_for<P> || callable_as_loop<P>))
    executor(P& pool) noexcept
        : run_(&run_in<P>), pool_(const_cast<void*>(static_cast<void const*>(__builtin_addressof(pool)))),
          concurrency_(concurrency_of(pool)) {}

    std::size_t concurrency() const noexcept { return concurrency_; }

    /// Calls f(i) for every i in [0, count) and returns when all are done. The first exception that leaves a call comes out
    /// of here; calls that have not begun by then are skipped.
    template <class F>
    void run(std::size_t count, F&& f) const {
        if (run_ == nullptr || count < 2) {
            for (std::size_t i = 0; i < count; ++i) f(i);
            return;
        }
        guarded<std::remove_reference_t<F>> state{__builtin_addressof(f)};
        run_(pool_, count, loop_body(&guarded<std::remove_reference_t<F>>::call, &state));
        if (state.error) std::rethrow_exception(state.error);
    }

private:
    template <class F>
    struct guarded {
        F* f;
        std::atomic<bool> failed{false};
        std::exception_ptr error{};

        static void call(void* self, std::size_t index) {
            auto& state = *static_cast<guarded*>(self);
            if (state.failed.load(std::memory_order_relaxed)) return;
            try {
                (*state.f)(index);
            } catch (...) {
                if (!state.failed.exchange(true)) state.error = std::current_exception();
            }
        }
    };

    template <class P>
    static void run_in(void* pool, std::size_t count, loop_body f) {
        auto& object = *static_cast<P*>(pool);
        if constexpr (has_parallel_for<P>) {
            object.parallel_for(count, f);
        } else {
            object(count, f);
        }
    }

    template <class P>
    static std::size_t concurrency_of(P& pool) noexcept {
        if constexpr (requires { { pool.concurrency() } -> std::convertible_to<std::size_t>; }) {
            std::size_t const hint = static_cast<std::size_t>(pool.concurrency());
            return hint == 0 ? 1 : hint;
        } else {
            return 8;
        }
    }

    runner run_ = nullptr;
    void* pool_ = nullptr;
    std::size_t concurrency_ = 1;
};

/// The calling thread.
inline executor const serial{};

/// How many rows of a matrix that is read once a thread takes at a time: up to a MiB of floats, since every beginning waits for memory,
/// and some tasks for every thread unless they take less than a few microseconds.
inline std::size_t rows_per_task(std::size_t rows, std::size_t cols, executor const& where) noexcept {
    std::size_t const share = rows * cols / where.concurrency() / 8;
    std::size_t const values = share < 16384 ? 16384 : share < 262144 ? share : 262144;
    return cols < values ? values / cols : 1;
}

}  // namespace fewbits
