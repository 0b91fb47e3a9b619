// What all tests of the compiled engines share: checks that are counted, and their random numbers.
#pragma once

#include <cstdio>
#include <random>

namespace {

int num_failed = 0, num_checked = 0;

void check(bool holds, const char* what, const char* test, int line) {
    ++num_checked;
    if (holds) return;
    if (++num_failed <= 20) std::fprintf(stderr, "%s, line %d: failed: %s\n", test, line, what);
}
#define CHECK(condition) check(condition, #condition, __func__, __LINE__)

using Rng = std::mt19937_64;

}  // namespace
