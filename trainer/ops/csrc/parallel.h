// Threads: torch's own, those of the OpenMP of the GNU compilers, found while running, since spinning threads of one pool would
// slow down those of another. Without it, threads that live as long as one call. What a piece of work computes never depends on
// how many there are.
#pragma once
#include <dlfcn.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

const int64_t WORTH_A_THREAD = 1 << 16;  // elements

// Calls body(data) in up to `threads` threads at once and waits for all.
inline void in_threads(void (*body)(void*), void* data, int64_t threads) {
    typedef void Parallel(void (*)(void*), void*, unsigned threads, unsigned flags);
    static Parallel* const torchs = (Parallel*)dlsym(RTLD_DEFAULT, "GOMP_parallel");
    if (torchs) return torchs(body, data, unsigned(threads), 0);
    std::vector<std::thread> others;
    for (int64_t t = 1; t < threads; t++) others.emplace_back(body, data);
    body(data);
    for (auto& other : others) other.join();
}

// Calls work(first, last) for parts of [0, count), each part in one thread.
template <class Work> void parallel(int64_t count, int64_t elements, int64_t threads, const Work& work) {
    int64_t useful = elements / WORTH_A_THREAD;
    if (threads > useful) threads = useful;
    if (threads > count) threads = count;
    if (threads <= 1) return work(int64_t(0), count);
    struct Parts {
        const Work& work;
        int64_t count, all;
        std::atomic<int64_t> next;
    } parts{work, count, threads, {0}};
    auto body = [](void* data) {
        Parts& p = *(Parts*)data;
        for (int64_t t = p.next++; t < p.all; t = p.next++) p.work(p.count * t / p.all, p.count * (t + 1) / p.all);
    };
    in_threads(body, &parts, threads);
}
