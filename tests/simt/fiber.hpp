// A function that can pause and be resumed: one thread of a kernel.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define SIMT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIMT_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(SIMT_ADDRESS_SANITIZER)
#include <sanitizer/common_interface_defs.h>
#endif

namespace simt {

/// Runs `body` on a stack of its own. resume() is called from outside, pause() from within the body; a fiber that is destroyed
/// while it pauses is abandoned, so kernels hold nothing that needs a destructor.
class fiber {
public:
    explicit fiber(std::function<void()> body) : body_(std::move(body)), stack_(new std::byte[stack_bytes]) {
        getcontext(&own_);
        own_.uc_stack.ss_sp = stack_.get();
        own_.uc_stack.ss_size = stack_bytes;
        own_.uc_link = nullptr;
        auto const self = reinterpret_cast<std::uintptr_t>(this);  // makecontext passes ints only
        makecontext(&own_, reinterpret_cast<void (*)()>(&enter), 2, static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
    }
    fiber(fiber const&) = delete;
    fiber& operator=(fiber const&) = delete;

    /// Runs the body until it pauses or ends.
    void resume() {
        switch_to(outside_, own_, outside_stack_, stack_.get(), stack_bytes, false);
    }

    /// Back to the caller of resume().
    void pause() { switch_to(own_, outside_, own_stack_, outside_bottom_, outside_size_, false); }

    bool ended() const noexcept { return ended_; }

private:
    static constexpr std::size_t stack_bytes = std::size_t{1} << 18;

    static void enter(unsigned high, unsigned low) {
        auto* const self = reinterpret_cast<fiber*>(static_cast<std::uintptr_t>(high) << 32 | low);
        self->arrived(nullptr);
        self->body_();
        self->ended_ = true;
        self->switch_to(self->own_, self->outside_, self->own_stack_, self->outside_bottom_, self->outside_size_, true);
    }

    /// AddressSanitizer has to be told of the other stack.
    void switch_to(ucontext_t& from, ucontext_t& to, [[maybe_unused]] void*& kept, [[maybe_unused]] void const* bottom,
                   [[maybe_unused]] std::size_t size, [[maybe_unused]] bool last) {
#if defined(SIMT_ADDRESS_SANITIZER)
        __sanitizer_start_switch_fiber(last ? nullptr : &kept, bottom, size);
#endif
        swapcontext(&from, &to);
        arrived(kept);
    }

    void arrived([[maybe_unused]] void* kept) {
#if defined(SIMT_ADDRESS_SANITIZER)
        void const* bottom = nullptr;
        std::size_t size = 0;
        __sanitizer_finish_switch_fiber(kept, &bottom, &size);
        if (bottom != stack_.get()) {
            outside_bottom_ = bottom;
            outside_size_ = size;
        }
#endif
    }

    std::function<void()> body_;
    std::unique_ptr<std::byte[]> stack_;
    ucontext_t own_{};
    ucontext_t outside_{};
    void* own_stack_ = nullptr;
    void* outside_stack_ = nullptr;
    void const* outside_bottom_ = nullptr;
    std::size_t outside_size_ = 0;
    bool ended_ = false;
};

}  // namespace simt
