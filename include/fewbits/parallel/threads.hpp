// threads(n): n threads, the caller among them, parked between loops. The only header that includes <thread>.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <forward_list>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

#include "executor.hpp"

namespace fewbits {

/// n - 1 parked threads that help the caller through its loops. A loop started inside one of its iterations, or while
/// another thread's loop is running, runs on its caller alone.
class thread_pool {
public:
    /// `count`: threads that share a loop, its caller included.
    explicit thread_pool(std::size_t count) : concurrency_(count == 0 ? 1 : count) {
        try {
            for (std::size_t i = 1; i < concurrency_; ++i) workers_.emplace_back([this] { work(); });
        } catch (...) {
            stop();
            throw;
        }
    }
    thread_pool(thread_pool const&) = delete;
    thread_pool& operator=(thread_pool const&) = delete;
    ~thread_pool() { stop(); }

    std::size_t concurrency() const noexcept { return concurrency_; }

    /// `f` must not throw: an executor sees to that.
    void parallel_for(std::size_t count, loop_body f) {
        std::unique_lock<std::mutex> busy(one_loop_, std::defer_lock);
        if (inside() || workers_.empty() || count < 2 || !busy.try_lock()) {
            for (std::size_t i = 0; i < count; ++i) f(i);
            return;
        }
        loop job{f, count, {}, this_processor()};
        bool parked = false;
        {
            std::lock_guard<std::mutex> const lock(mutex_);
            job_ = &job;
            generation_.fetch_add(1, std::memory_order_release);
            parked = parked_ != 0;
        }
        wake_.notify_all();
        if (parked) std::this_thread::yield();  // to those that woke on this processor: they leave it
        inside() = true;
        take(job);
        inside() = false;
        std::unique_lock<std::mutex> lock(mutex_);
        job_ = nullptr;  // a worker that wakes only now has nothing left to do
        lock.unlock();
        auto const done = [this] { return active_.load(std::memory_order_acquire) == 0; };
        if (look_out(done)) return;
        lock.lock();
        idle_.wait(lock, done);
    }

private:
    struct loop {
        loop_body f;
        std::size_t count;
        std::atomic<std::size_t> next;
        int caller;  ///< the processor it began on
    };

    static bool& inside() noexcept {
        static thread_local bool flag = false;
        return flag;
    }

    /// Waits for 50 microseconds at most, before the thread parks: waking a parked one takes ten, as long as a row of activations takes
    /// to prepare between two products. Whether it came.
    template <class F>
    static bool look_out(F const& came) noexcept {
        using clock = std::chrono::steady_clock;
        for (clock::time_point const end = clock::now() + std::chrono::microseconds(50); clock::now() < end;) {
            for (int i = 0; i < 64; ++i) {
                if (came()) return true;
#if defined(__x86_64__)
                __builtin_ia32_pause();
#endif
            }
        }
        return false;
    }

    /// The number of the processor that runs this, or -1.
    static int this_processor() noexcept {
#if defined(__linux__)
        return sched_getcpu();
#else
        return -1;
#endif
    }

    /// Moves this thread off the processor `taken`. A system may wake a thread on its waker's processor though another is idle (seen in
    /// guests of a hypervisor), and lets the two share it for as long as each sleeps now and then.
    static void leave_processor(int taken) noexcept {
#if defined(__linux__)
        if (taken < 0 || this_processor() != taken) return;
        cpu_set_t allowed;
        if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
        cpu_set_t others = allowed;
        CPU_CLR(static_cast<std::size_t>(taken), &others);
        if (sched_setaffinity(0, sizeof others, &others) == 0) static_cast<void>(sched_setaffinity(0, sizeof allowed, &allowed));
#else
        static_cast<void>(taken);
#endif
    }

    static void take(loop& job) {
        for (std::size_t i = job.next++; i < job.count; i = job.next++) job.f(i);
    }

    void work() {
        inside() = true;
        std::size_t seen = 0;
        for (;;) {
            look_out([&] { return generation_.load(std::memory_order_acquire) != seen; });
            std::unique_lock<std::mutex> lock(mutex_);
            ++parked_;
            wake_.wait(lock, [&] { return stopping_ || generation_.load(std::memory_order_relaxed) != seen; });
            --parked_;
            if (stopping_) return;
            seen = generation_.load(std::memory_order_relaxed);
            loop* const job = job_;
            if (job == nullptr) continue;  // that loop is over
            active_.fetch_add(1, std::memory_order_relaxed);
            lock.unlock();
            leave_processor(job->caller);
            take(*job);
            lock.lock();
            if (active_.fetch_sub(1, std::memory_order_release) == 1) idle_.notify_one();
        }
    }

    void stop() noexcept {
        {
            std::lock_guard<std::mutex> const lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        for (std::thread& worker : workers_) worker.join();
    }

    std::size_t concurrency_;
    std::mutex one_loop_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable idle_;
    loop* job_ = nullptr;
    std::atomic<std::size_t> generation_ = 0;
    std::atomic<std::size_t> active_ = 0;
    std::size_t parked_ = 0;  ///< workers that have to be woken
    bool stopping_ = false;
    std::vector<std::thread> workers_;
};

inline namespace FEWBITS_BASELINE {

/// An executor of `count` threads, the caller included; 0 means one per processor. The first call for a count starts its
/// pool, which all later callers share until the program ends.
inline executor threads(std::size_t count) {
    if (count == 0) count = std::thread::hardware_concurrency();
    if (count <= 1) return {};
    static std::mutex mutex;
    static std::forward_list<thread_pool> pools;
    std::lock_guard<std::mutex> const lock(mutex);
    for (thread_pool& pool : pools) {
        if (pool.concurrency() == count) return pool;
    }
    return pools.emplace_front(count);
}

}  // namespace FEWBITS_BASELINE
}  // namespace fewbits
