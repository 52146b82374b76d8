// A progress bar on standard error, drawn only where somebody can see it move.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

namespace perplexity {

/// Counts steps of a known total; step() may be called from several threads.
class progress_bar {
public:
    /// Draws nothing unless `wanted` and standard error is a terminal.
    progress_bar(std::size_t total_steps, bool wanted);
    ~progress_bar();
    progress_bar(const progress_bar&) = delete;
    progress_bar& operator=(const progress_bar&) = delete;

    /// What is being worked on, shown beside the bar.
    void label(const std::string& text);
    void step(std::size_t count = 1);
    /// Takes the bar off the line, so that other output can use it.
    void clear();

private:
    void draw();

    std::size_t total_;
    bool visible_;
    std::atomic<std::size_t> done_{0};
    std::mutex mutex_;
    std::string label_;
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace perplexity
