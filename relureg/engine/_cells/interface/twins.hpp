// Stages without units that repeat others: times a power of two, with either sign; and without constant units.
//
// If z_v = 2^k z_u, unit v has a hyperplane that is there already, and its output is 2^k times that of u. If z_v = -2^k
// z_u, the output is 2^k (max(z_u, 0) - z_u); z_u is affine in what its stage reads. So regions, facets and bounded
// regions are those of the network without v, where these are counted and not named.
//
// All numbers are multiples of 2^-digits, and so small that no sum of them is rounded, in whatever order: sums of sizes
// show it. So doubles tell which rows are equal. Where this fails, nothing is done.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "network.hpp"

namespace relureg {

enum class Merging { kDone, kNeedless, kInexact };

class TwinMerger {
  public:
    explicit TwinMerger(const Network& network) : network_(network) {}

    // Replace the stages of a network that is not finished. Units that stay are units of it; or, where it has multiples
    // of units, powers of two times these, so that the weights on them are about as large as each other.
    static Merging merge(Network& network) {
        int units = 0, twins = 0;
        for (const Stage& stage : network.stages) {
            if (stage.is_rounded || stage.is_out_of_range) return Merging::kInexact;
            units += stage.forced ? 0 : stage.units;
        }
        if (units < kFew) return Merging::kNeedless;
        for (const Stage& stage : network.stages) twins += stage.forced ? 0 : most_twins(stage);
        if (kShare * twins < units) return Merging::kNeedless;
        TwinMerger plain(network);
        const bool is_exact = plain.reduce(false);
        if (!is_exact || plain.has_multiples_) {
            TwinMerger level(network);
            if (level.reduce(true)) return network.stages = std::move(level.stages_), Merging::kDone;
        }
        if (!is_exact) return Merging::kInexact;
        network.stages = std::move(plain.stages_);
        return Merging::kDone;
    }

  private:
    // A stage without twins, on the constant, the inputs, and the units that stay of the stages before.
    struct Reduced {
        int start = 0;  // the first column that later stages have for its units
        int width = 0, count = 0;
        std::vector<double> rows;  // [place * width + column]
        std::vector<double> sizes;  // [place]: at least the sum of the sizes of all that was added up for the row
        int digits = 0;
        std::vector<int> place;  // [unit that was there]: the one of those that stay
        std::vector<double> factor;  // [likewise]: it is that times this; 0: it is constant
        std::vector<double> value;  // [likewise]: its output then
    };

    // How many units may repeat others, as far as the shares of a few sums tell.
    static int most_twins(const Stage& stage) {
        const std::size_t n = stage.units;
        std::vector<double> total(n), largest(n, 0.0);
        for (std::size_t i = 0; i < n; ++i) total[i] = std::fabs(stage.constant[i]);
        for (const Term& term : stage.terms)
            for (std::size_t k = 0; k < term.by_column.size(); k += n)
                for (std::size_t i = 0; i < n; ++i) {
                    const double size = std::fabs(term.by_column[k + i]);
                    total[i] += size;
                    largest[i] = std::max(largest[i], size);
                }
        std::unordered_set<std::string> seen;
        for (std::size_t i = 0; i < n; ++i) {
            const double key[] = {std::fabs(stage.constant[i]) / total[i], largest[i] / total[i]};
            seen.emplace(reinterpret_cast<const char*>(key), sizeof key);
        }
        return static_cast<int>(n - seen.size());
    }

    // False where a sum might be rounded.
    bool reduce(bool is_level) {
        if (is_level) find_levels();
        width_ = 1 + network_.dim;
        for (std::size_t s = 0; s < network_.stages.size(); ++s) {
            const Stage& stage = network_.stages[s];
            reduced_.emplace_back();
            if (stage.forced) {  // nothing reads it
                stages_.push_back(stage);
                digits_.push_back(0);
                continue;
            }
            if (!sum_rows(stage)) return false;
            find_twins(stage.units, is_level ? &levels_[s] : nullptr);
            add_stage(reduced_.back());
            width_ += reduced_.back().count;
        }
        return true;
    }

    // Powers of two of about the size of the weights on each unit.
    void find_levels() {
        for (const Stage& stage : network_.stages) levels_.emplace_back(stage.units, 0.0);
        for (const Stage& stage : network_.stages)
            for (const Term& term : stage.terms)
                for (std::size_t j = 0; term.source && j < term.by_column.size(); ++j) {
                    double& level = levels_[term.source - 1][j / stage.units];
                    level = std::max(level, std::fabs(term.by_column[j]));
                }
        for (auto& of_stage : levels_)
            for (double& level : of_stage)
                level = level > 0 ? std::ldexp(1.0, std::clamp(std::ilogb(level), -kMostShift, kMostShift)) : 1.0;
    }

    // The rows of all units of a stage, on what stays.
    bool sum_rows(const Stage& stage) {
        const int n = stage.units;
        rows_.assign(static_cast<std::size_t>(n) * width_, 0.0);
        sizes_.assign(n, 0.0);
        sum_digits_ = 0;
        for (int i = 0; i < n; ++i) add(i, 0, stage.constant[i]);
        for (const Term& term : stage.terms)
            for (int k = 0; k < term.columns; ++k) {
                const double* weight = &term.by_column[static_cast<std::size_t>(k) * n];
                for (int i = 0; i < n; ++i) {
                    if (weight[i] == 0) continue;
                    if (term.source)
                        add_output(i, weight[i], reduced_[term.source - 1], k);
                    else
                        add(i, 1 + k, weight[i]);
                }
            }
        double largest = 0;
        for (const double size : sizes_) largest = std::max(largest, size);
        return sum_digits_ <= kMostDigits && std::ldexp(largest, sum_digits_) < 0x1p52;
    }

    void add(int i, int column, double entry) {
        rows_[static_cast<std::size_t>(i) * width_ + column] += entry;
        sizes_[i] += std::fabs(entry);
        sum_digits_ = std::max(sum_digits_, fraction_bits(entry));
    }

    // A weight times the output of a unit that was there.
    void add_output(int i, double weight, const Reduced& source, int unit) {
        const double factor = source.factor[unit], own = weight * std::fabs(factor);
        if (factor == 0) {  // the product has as many digits as both together, and is rounded where these are too many
            sum_digits_ = std::max(sum_digits_, fraction_bits(weight) + fraction_bits(source.value[unit]));
            return add(i, 0, weight * source.value[unit]);
        }
        const int place = source.place[unit];
        add(i, source.start + place, own);
        if (factor > 0) return;
        const double* row = &source.rows[static_cast<std::size_t>(place) * source.width];
        double* sum = &rows_[static_cast<std::size_t>(i) * width_];
        for (int c = 0; c < source.width; ++c) sum[c] -= own * row[c];
        sizes_[i] += std::fabs(own) * source.sizes[place];
        sum_digits_ = std::max(sum_digits_, fraction_bits(own) + source.digits);
    }

    void find_twins(int units, const std::vector<double>* levels) {
        Reduced& r = reduced_.back();
        r.start = r.width = width_;
        r.place.assign(units, 0), r.factor.assign(units, 0.0), r.value.assign(units, 0.0);
        std::unordered_map<std::string, int> at;
        std::vector<double> level(width_), scale, sign;  // the last two by place
        for (int i = 0; i < units; ++i) {
            const double* row = &rows_[static_cast<std::size_t>(i) * width_];
            const double* lead = std::find_if(row + 1, row + width_, [](double x) { return x != 0; });
            const bool is_constant = lead == row + width_;
            if (is_constant && (r.count || i + 1 < units)) {
                r.value[i] = std::max(row[0], 0.0);
                continue;
            }
            double size = is_constant ? 1 : 0;
            for (int c = 0; c < width_; ++c) size = std::max(size, std::fabs(row[c]));
            const double own = std::ldexp(1.0, std::ilogb(size)), turn = !is_constant && *lead < 0 ? -1 : 1;
            for (int c = 0; c < width_; ++c) level[c] = row[c] * (turn / own) + 0.0;  // -0 is 0
            const auto [found, is_new] =
                at.emplace(std::string(reinterpret_cast<const char*>(level.data()), width_ * sizeof(double)), r.count);
            const int place = r.place[i] = found->second;
            if (is_new) {
                const double by = levels ? (*levels)[i] : 1;
                scale.push_back(own * by), sign.push_back(turn);
                for (int c = 0; c < width_; ++c) r.rows.push_back(row[c] * by);
                r.sizes.push_back(sizes_[i] * by);
                ++r.count;
            }
            r.factor[i] = own / scale[place] * turn * sign[place];
            has_multiples_ = has_multiples_ || (!levels && std::fabs(r.factor[i]) != 1);
        }
        for (const double entry : r.rows) r.digits = std::max(r.digits, fraction_bits(entry));
    }

    // The stage of which integers are 2^digits times what they stand for.
    void add_stage(const Reduced& r) {
        int digits = 0;
        const auto entry = [&](int place, int column) {
            return r.rows[static_cast<std::size_t>(place) * r.width + column];
        };
        Stage stage{};
        stage.units = r.count;
        for (int p = 0; p < r.count; ++p) stage.constant.push_back(entry(p, 0));
        for (const double x : stage.constant) digits = std::max(digits, fraction_bits(x));
        for (std::size_t source = 0; source < reduced_.size(); ++source) {
            const int first = source ? reduced_[source - 1].start : 1,
                      columns = source ? reduced_[source - 1].count : network_.dim;
            Term term{static_cast<int>(source), columns, {}, {}, {}, {}, nullptr};
            int most = -1;
            for (int c = first; c < first + columns; ++c)
                for (int p = 0; p < r.count; ++p) {
                    term.by_column.push_back(entry(p, c));
                    if (entry(p, c) != 0) most = std::max(most, fraction_bits(entry(p, c)));
                }
            if (most < 0) continue;
            digits = std::max(digits, most + (source ? digits_[source - 1] : 0));
            stage.terms.push_back(std::move(term));
        }
        stage.exact_constant = scaled(stage.constant, digits);
        for (Term& term : stage.terms)
            term.exact = std::make_shared<LazyIntegers>(term.by_column, r.count,
                                                        digits - (term.source ? digits_[term.source - 1] : 0));
        digits_.push_back(digits);
        stages_.push_back(std::move(stage));
    }

    static constexpr int kFew = 16;  // units that are searched sooner than looked through
    static constexpr int kShare = 8;  // one in so many has to be a twin: else rows gain terms for little
    static constexpr int kMostDigits = 800;  // more of them are left to integers of any size

    static constexpr int kMostShift = 100;  // beyond, weights are not made level

    const Network& network_;
    std::vector<Reduced> reduced_;
    std::vector<Stage> stages_;
    std::vector<int> digits_;  // [stage]: of its integers
    std::vector<std::vector<double>> levels_;
    int width_ = 0;
    bool has_multiples_ = false;

    // Of the stage at work.
    std::vector<double> rows_, sizes_;
    int sum_digits_ = 0;
};

}  // namespace relureg
