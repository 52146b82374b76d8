// Drawing the bar, at most ten times a second.
#include "progress.hpp"

#include <algorithm>
#include <cstdio>

#include <unistd.h>

namespace perplexity {

progress_bar::progress_bar(std::size_t total_steps, bool wanted)
    : total_((std::max)(total_steps, std::size_t{1})), visible_(wanted && isatty(STDERR_FILENO) == 1) {}

progress_bar::~progress_bar() { clear(); }

void progress_bar::label(const std::string& text) {
    const std::lock_guard lock(mutex_);
    label_ = text;
}

void progress_bar::step(std::size_t count) {
    done_ += count;
    if (!visible_) return;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock) draw();
}

void progress_bar::clear() {
    const std::lock_guard lock(mutex_);
    if (!visible_) return;
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
}

void progress_bar::draw() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    constexpr std::size_t width = 30;
    const std::size_t done = (std::min)(done_.load(), total_);
    const std::size_t filled = done * width / total_;
    std::fprintf(stderr, "\r\033[K[%s%s] %3zu%% %s", std::string(filled, '#').c_str(),
        std::string(width - filled, '.').c_str(), done * 100 / total_, label_.c_str());
    std::fflush(stderr);
}

}  // namespace perplexity
