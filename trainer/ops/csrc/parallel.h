// Threads that live as long as one call. What a piece of work computes never depends on how many there are.
#pragma once
#include <cstdint>
#include <thread>
#include <vector>

const int64_t WORTH_A_THREAD = 1 << 16;  // elements

// Calls work(first, last) for parts of [0, count), each part in one thread.
template <class Work> void parallel(int64_t count, int64_t elements, int64_t threads, const Work& work) {
    int64_t useful = elements / WORTH_A_THREAD;
    if (threads > useful) threads = useful;
    if (threads > count) threads = count;
    if (threads <= 1) return work(int64_t(0), count);
    std::vector<std::thread> others;
    for (int64_t t = 1; t < threads; t++)
        others.emplace_back([&, t] { work(count * t / threads, count * (t + 1) / threads); });
    work(int64_t(0), count / threads);
    for (auto& other : others) other.join();
}
