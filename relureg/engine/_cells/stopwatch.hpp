// The processor time of what a thread does.
#pragma once

#include <time.h>

#include <cstdint>

namespace relureg {

// Adds the processor time of a scope to a sum.
class Stopwatch {
  public:
    explicit Stopwatch(std::int64_t& sum) : sum_(sum), start_(now()) {}
    ~Stopwatch() { sum_ += now() - start_; }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

  private:
    static std::int64_t now() {
        timespec time;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return std::int64_t{1000000000} * time.tv_sec + time.tv_nsec;
    }

    std::int64_t& sum_;
    const std::int64_t start_;
};

}  // namespace relureg
