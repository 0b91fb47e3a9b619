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

// A sum of times, and how many scopes are adding to it.
struct Watched {
    std::int64_t nanoseconds = 0;
    int depth = 0;
};

// Adds the processor time of a scope to a sum, once where scopes are nested.
class Stopwatch {
  public:
    explicit Stopwatch(Watched& sum) : sum_(sum) {
        if (sum_.depth++ == 0) start_ = thread_nanoseconds();
    }
    ~Stopwatch() {
        if (--sum_.depth == 0) sum_.nanoseconds += thread_nanoseconds() - start_;
    }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

  private:
    Watched& sum_;
    std::int64_t start_ = 0;
};

}  // namespace relureg
