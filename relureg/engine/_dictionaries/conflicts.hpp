// What proofs that a sign is absent in one cell have shown for all others.
//
// Such a proof adds up h and the g_i of the cell's rows that its multipliers l_i name, and finds h + sum of l_i g_i to
// be below 0 on the whole box. So these rows, on their sides, have no point of the closed box together, wherever that
// is asked: of signs that hold on some other cell, or on a part of it, all but one, the last is absent there. (Learning
// from conflicts, Marques-Silva and Sakallah, IEEE Trans. Comput. 48, 1999.) Rows of stages before are left out: they
// are on the path as long as those of a stage are there, and then what was found about it is forgotten.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace relureg {

// SignSet of some units of a stage: bits of those that are positive, and behind them of those that are negative.
using SignSet = std::vector<std::uint64_t>;

class Conflicts {
  public:
    // Nothing is known. `words`: of the units of any stage.
    void begin(int words) {
        words_ = 2 * static_cast<std::size_t>(words);
        most_ = std::clamp<std::size_t>(kRoom / (64 * words_ * words_), 4, 128);
        num_found_.assign(64 * static_cast<std::size_t>(words_), 0);
        if (found_.size() < num_found_.size()) found_.resize(num_found_.size());
    }

    // SignSet that no point of the box has together.
    void add(const SignSet& signs) {
        for (std::size_t w = 0; w < words_; ++w)
            for (std::uint64_t left = signs[w]; left; left &= left - 1) {
                const std::size_t half = words_ / 2, unit = w % half * 64 + __builtin_ctzll(left);
                const std::size_t number = number_of(unit, w < half ? 1 : -1), at = num_found_[number]++ % most_;
                std::vector<std::uint64_t>& sets = found_[number];
                if (sets.size() < (at + 1) * words_) sets.resize((at + 1) * words_);
                std::copy_n(signs.begin(), words_, sets.begin() + at * words_);
            }
    }

    // Whether a sign is absent where others hold.
    bool rules_out(const SignSet& holding, int unit, int sign) const {
        const std::size_t number = number_of(unit, sign), count = std::min(num_found_[number], most_);
        const std::uint64_t* set = found_[number].data();
        const std::uint64_t own = std::uint64_t{1} << (unit % 64);
        const std::size_t its_word = (sign > 0 ? 0 : words_ / 2) + unit / 64;
        for (std::size_t i = 0; i < count; ++i, set += words_) {
            std::uint64_t missing = set[its_word] & ~(holding[its_word] | own);
            for (std::size_t w = 0; w < words_; ++w)
                if (w != its_word) missing |= set[w] & ~holding[w];
            if (!missing) return true;
        }
        return false;
    }

  private:
    static constexpr std::size_t kRoom = 1 << 17;  // words for the sets of all signs

    static std::size_t number_of(std::size_t unit, int sign) { return 2 * unit + (sign > 0); }

    std::size_t words_ = 0, most_ = 0;  // of a set; of the sets that a sign is in, the last ones
    std::vector<std::size_t> num_found_;  // [2 * unit + is positive]
    std::vector<std::vector<std::uint64_t>> found_;  // likewise: the sets, `words_` each
};

}  // namespace relureg
