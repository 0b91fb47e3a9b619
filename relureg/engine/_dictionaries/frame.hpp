// A cell on the path of the search: its dictionary, points that lie in it, and what is still to be asked about it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "conflicts.hpp"
#include "dictionary.hpp"

namespace relureg {

// Points of the closed cell, with the signs that the candidates of the present stage have there. Later ones go first.
class Vertices {
  public:
    void begin(int width, int words) { width_ = width, words_ = words; }
    int size() const { return size_; }
    void release(int size) { size_ = size; }

    int push() {
        const std::size_t need = size_ + 1;
        if (points_.size() < need * width_) points_.resize(2 * need * width_);
        if (signs_.size() < need * 2 * words_) signs_.resize(4 * need * words_);
        std::fill_n(&signs_[2 * words_ * static_cast<std::size_t>(size_)], 2 * words_, 0);
        return size_++;
    }
    double* point(int i) { return &points_[static_cast<std::size_t>(i) * width_]; }
    // As a set of signs has them.
    std::uint64_t* signs(int i) { return &signs_[2 * static_cast<std::size_t>(i) * words_]; }
    void note(int i, int candidate, int sign) { word(i, candidate, sign) |= SignSet::bit(candidate); }
    bool has(int i, int candidate, int sign) { return word(i, candidate, sign) & SignSet::bit(candidate); }

  private:
    std::uint64_t& word(int i, int candidate, int sign) { return signs(i)[(sign > 0 ? 0 : words_) + candidate / 64]; }

    int width_ = 0, words_ = 0, size_ = 0;
    std::vector<double> points_;
    std::vector<std::uint64_t> signs_;
};

// A point that is proven to lie strictly inside a cell: doubles, with a 1 first; or, if there are any, rationals, of
// which the doubles are an approximation.
struct Point {
    std::vector<double> doubles;
    std::vector<mpq_class> exact;
};

struct Frame {
    Dictionary<double> dictionary;
    std::vector<std::uint64_t> open;  // the candidates without a sign
    SignSet known;  // of the stage's other units: those that were found by splits and by proofs
    std::vector<int> vertices;
    SignSet seen;  // at any of them
    Point point;
    Point below, above;  // on the two sides of the candidate by which the cell is split
};

// Frames that stay where they are, and keep their memory, while the path grows and shrinks.
class Frames {
  public:
    Frame& at(std::size_t level) {
        while (frames_.size() <= level) frames_.push_back(std::make_unique<Frame>());
        return *frames_[level];
    }

  private:
    std::vector<std::unique_ptr<Frame>> frames_;
};

}  // namespace relureg
