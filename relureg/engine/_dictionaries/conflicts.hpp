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

// Signs of units of a stage: bits of those that are positive, and behind them of those that are negative.
class SignSet {
  public:
    // None. `words`: of the units of any stage.
    void begin(int words) { half_ = words, bits_.assign(2 * half_, 0); }

    void note(int unit, int sign) { bits_[word(unit, sign)] |= bit(unit); }
    bool has(int unit, int sign) const { return bits_[word(unit, sign)] & bit(unit); }
    void join(const std::uint64_t* others) {
        for (std::size_t w = 0; w < bits_.size(); ++w) bits_[w] |= others[w];
    }

    std::size_t word(int unit, int sign) const { return (sign > 0 ? 0 : half_) + unit / 64; }
    static std::uint64_t bit(int unit) { return std::uint64_t{1} << (unit % 64); }
    const std::uint64_t* bits() const { return bits_.data(); }

    template <class Visit>
    void each(Visit visit) const {
        for (std::size_t w = 0; w < bits_.size(); ++w)
            for (std::uint64_t left = bits_[w]; left; left &= left - 1)
                visit(static_cast<int>(w % half_ * 64) + __builtin_ctzll(left), w < half_ ? 1 : -1);
    }

  private:
    std::size_t half_ = 0;
    std::vector<std::uint64_t> bits_;
};

class Conflicts {
  public:
    // Nothing is known.
    void begin(int words) {
        words_ = 2 * static_cast<std::size_t>(words);
        most_ = std::clamp<std::size_t>(kRoom / (64 * words_ * words_), 4, 128);
        num_found_.assign(64 * static_cast<std::size_t>(words_), 0);
        if (found_.size() < num_found_.size()) found_.resize(num_found_.size());
    }

    // Signs that no point of the box has together.
    void add(const SignSet& signs) {
        signs.each([&](int unit, int sign) {
            const std::size_t number = number_of(unit, sign), at = num_found_[number]++ % most_;
            std::vector<std::uint64_t>& sets = found_[number];
            if (sets.size() < (at + 1) * words_) sets.resize((at + 1) * words_);
            std::copy_n(signs.bits(), words_, sets.begin() + at * words_);
        });
    }

    // Whether a sign is absent where others hold.
    bool rules_out(const SignSet& holding, int unit, int sign) const {
        const std::size_t number = number_of(unit, sign), count = std::min(num_found_[number], most_);
        const std::uint64_t* set = found_[number].data();
        const std::uint64_t *const others = holding.bits(), own = SignSet::bit(unit);
        const std::size_t its_word = holding.word(unit, sign);
        for (std::size_t i = 0; i < count; ++i, set += words_) {
            std::uint64_t missing = set[its_word] & ~(others[its_word] | own);
            for (std::size_t w = 0; w < words_; ++w)
                if (w != its_word) missing |= set[w] & ~others[w];
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
