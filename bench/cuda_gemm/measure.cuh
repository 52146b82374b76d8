// Times of work on a stream: calls recorded as a graph, so that the host's part is not measured, replayed between events.
#pragma once

#include <algorithm>
#include <cstddef>
#include <fewbits/cuda/error.cuh>
#include <functional>
#include <vector>

namespace bench {

using fewbits::check_cuda;

/// call(i) puts one piece of work on the stream; i says which of the equal copies of the inputs it is to read.
using work = std::function<void(std::size_t)>;

/// Inputs that together are at least this large do not stay in an L2 cache (50 MB on an H200).
constexpr std::size_t cold_bytes = std::size_t{256} << 20;

inline std::size_t copies_of(std::size_t bytes) { return std::max<std::size_t>(1, (cold_bytes + bytes - 1) / bytes); }

/// Seconds between two places of a stream.
class stopwatch {
public:
    explicit stopwatch(cudaStream_t stream) : stream_(stream) {
        check_cuda("cudaEventCreate", cudaEventCreate(&begin_));
        check_cuda("cudaEventCreate", cudaEventCreate(&end_));
    }
    stopwatch(stopwatch const&) = delete;
    stopwatch& operator=(stopwatch const&) = delete;
    ~stopwatch() {
        cudaEventDestroy(begin_);
        cudaEventDestroy(end_);
    }

    template <class Body>
    double time(Body const& body) {
        float milliseconds = 0;
        check_cuda("cudaEventRecord", cudaEventRecord(begin_, stream_));
        body();
        check_cuda("cudaEventRecord", cudaEventRecord(end_, stream_));
        check_cuda("cudaEventSynchronize", cudaEventSynchronize(end_));
        check_cuda("cudaEventElapsedTime", cudaEventElapsedTime(&milliseconds, begin_, end_));
        return static_cast<double>(milliseconds) * 1e-3;
    }
    /// Of 15 times, after one that does not count.
    template <class Body>
    double median(Body const& body) {
        time(body);
        std::vector<double> times(15);
        for (double& one : times) one = time(body);
        std::nth_element(times.begin(), times.begin() + 7, times.end());
        return times[7];
    }

private:
    cudaStream_t stream_;
    cudaEvent_t begin_ = nullptr;
    cudaEvent_t end_ = nullptr;
};

/// Calls 0 ... count - 1 as a graph.
class recorded_work {
public:
    recorded_work(cudaStream_t stream, work const& call, std::size_t count) : stream_(stream) {
        cudaGraph_t graph = nullptr;
        check_cuda("cudaStreamBeginCapture", cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
        try {
            for (std::size_t i = 0; i < count; ++i) call(i);
        } catch (...) {  // the stream has to be usable for what comes next
            cudaStreamEndCapture(stream, &graph);
            if (graph != nullptr) cudaGraphDestroy(graph);
            cudaGetLastError();
            throw;
        }
        check_cuda("cudaStreamEndCapture", cudaStreamEndCapture(stream, &graph));
        cudaError_t const made = cudaGraphInstantiate(&graph_, graph, 0);
        cudaGraphDestroy(graph);
        check_cuda("cudaGraphInstantiate", made);
    }
    recorded_work(recorded_work const&) = delete;
    recorded_work& operator=(recorded_work const&) = delete;
    ~recorded_work() { cudaGraphExecDestroy(graph_); }

    void replay() const { check_cuda("cudaGraphLaunch", cudaGraphLaunch(graph_, stream_)); }

private:
    cudaStream_t stream_;
    cudaGraphExec_t graph_ = nullptr;
};

/// Seconds a call takes: the median of 15 replays of some milliseconds, the inputs' copies in turn.
inline double seconds_of(cudaStream_t stream, work const& call, std::size_t copies) {
    call(0);  // code is loaded with the first call, which no graph could record
    check_cuda("the first call", cudaStreamSynchronize(stream));
    stopwatch watch(stream);
    work const in_turn = [&](std::size_t i) { call(i % copies); };
    auto const times = [&](std::size_t count) {
        recorded_work const all(stream, in_turn, count);
        return watch.median([&] { all.replay(); });
    };
    auto const rounds = static_cast<std::size_t>(std::clamp(3e-3 / times(copies), 1.0, 200.0));
    return times(copies * rounds) / static_cast<double>(copies * rounds);
}

}  // namespace bench
