// The processor time of what a thread does.
#pragma once

#include <time.h>

#include <cstdint>

namespace relureg {

// Nanoseconds of this thread on a processor.
inline std::int64_t thread_nanoseconds() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::int64_t{1000000000} * time.tv_sec + time.tv_nsec;
}

// A sum of times, how many scopes are adding to it, and how many have added something.
struct Watched {
    std::int64_t nanoseconds = 0;
    int depth = 0;
    std::int64_t scopes = 0;
};

// Adds the processor time of a scope to a sum, once where scopes are nested. To read the clock takes longer than many
// an integer: after the first scopes one in sixteen stands for all, and what a reading takes is left out. That differs
// by what caches hold, so it is read twice in each place: the time between tells.
class Stopwatch {
  public:
    explicit Stopwatch(Watched& sum) : sum_(sum) {
        if (sum_.depth++ > 0) return;
        const std::int64_t number = sum_.scopes++;
        weight_ = number < kAll ? 1 : number % kShare == 0 ? kShare : 0;
        if (!weight_) return;
        const std::int64_t before = thread_nanoseconds();
        start_ = thread_nanoseconds();
        reading_ = start_ - before;
    }
    ~Stopwatch() {
        if (--sum_.depth > 0 || !weight_) return;
        sum_.nanoseconds += weight_ * (thread_nanoseconds() - start_ - reading_);
    }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

  private:
    static constexpr std::int64_t kAll = 64, kShare = 16;

    Watched& sum_;
    std::int64_t start_ = 0, reading_ = 0, weight_ = 0;
};

}  // namespace relureg
