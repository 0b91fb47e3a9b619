// Stages without units that repeat others of their stage, and without constant units.
//
// If z_v = q z_u with q > 0, unit v has a hyperplane that is there already, and its output is q times that of u. If
// z_v = -q z_u, the output is q (max(z_u, 0) - z_u); z_u is affine in what its stage reads. So regions, facets and
// bounded regions are those of the network without v, where these are counted and not named.
//
// The unit that stays has a row of integers without a common divisor, whatever those of u and v were. All is exact: in
// doubles, as long as the error of each sum and each product is 0, or else in integers of any size.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "../base/divisors.hpp"
#include "../base/double_double.hpp"
#include "nearest.hpp"
#include "network.hpp"

namespace relureg {

struct RoundedError {};  // a sum or a product of doubles that is none

// The arithmetic of merging, on numbers that are not 0 but for sums.
inline void add_exactly(double& sum, double x) {
    double total, error;
    two_sum(sum, x, total, error);
    if (error != 0 || !is_in_range(total)) throw RoundedError{};
    sum = total;
}
inline double multiply_exactly(double a, double b) {
    double product, error;
    two_product(a, b, product, error);  // the error is at least 2^-106 of the product, if it is not 0
    if (error != 0 || product == 0 || !is_in_range(product)) throw RoundedError{};
    return product;
}
inline void add_exactly(mpz_class& sum, const mpz_class& x) { sum += x; }
inline mpz_class multiply_exactly(const mpz_class& a, const mpz_class& b) { return a * b; }

// The largest number of which all entries are integer multiples; 1 if all are 0.
inline double content_of(const double* row, int size) {
    std::int64_t odd = 0;
    int lowest = 0;
    for (int c = 0; c < size; ++c) {
        if (row[c] == 0) continue;
        int exponent = 0;
        std::int64_t mantissa = std::abs(static_cast<std::int64_t>(std::ldexp(std::frexp(row[c], &exponent), 53)));
        const int zeros = __builtin_ctzll(static_cast<std::uint64_t>(mantissa));
        exponent += zeros - 53, mantissa >>= zeros;
        lowest = odd ? std::min(lowest, exponent) : exponent;
        odd = extend_divisor(odd, mantissa);
    }
    return odd ? std::ldexp(static_cast<double>(odd), lowest) : 1;
}
inline mpz_class content_of(const mpz_class* row, int size) {
    mpz_class common;
    for (int c = 0; c < size && common != 1; ++c) mpz_gcd(common.get_mpz_t(), common.get_mpz_t(), row[c].get_mpz_t());
    return common == 0 ? mpz_class(1) : common;
}
inline void divide(double& multiple, double content) {
    multiple /= content;  // an integer: nothing is rounded
    if (!is_in_range(multiple)) throw RoundedError{};
}
inline void divide(mpz_class& multiple, const mpz_class& content) {
    mpz_divexact(multiple.get_mpz_t(), multiple.get_mpz_t(), content.get_mpz_t());
}

// Digits of an integer that is not 0.
inline long digits_of(double x) { return std::ilogb(x) + 1; }
inline long digits_of(const mpz_class& x) { return static_cast<long>(mpz_sizeinbase(x.get_mpz_t(), 2)); }

// What tells a number, or its negative, from all others.
inline void append(std::string& key, double x, bool is_negated) {
    const double number = (is_negated ? -x : x) + 0.0;  // -0 is 0
    key.append(reinterpret_cast<const char*>(&number), sizeof number);
}
inline void append(std::string& key, const mpz_class& x, bool is_negated) {
    key += is_negated ? mpz_class(-x).get_str(62) : x.get_str(62);
    key += ' ';
}

template <class Number>
class TwinMerger {
  public:
    explicit TwinMerger(const Network& network) : network_(network) {}

    // The stages without twins; throws RoundedError.
    std::vector<Stage> reduce() {
        width_ = 1 + network_.dim;
        for (const Stage& stage : network_.stages) {
            reduced_.emplace_back();
            if (stage.forced) {  // nothing reads it
                stages_.push_back(stage);
                continue;
            }
            sum_rows(stage);
            find_twins(stage.units);
            add_stage(reduced_.back());
            width_ += reduced_.back().count;
        }
        return std::move(stages_);
    }

    // The units of the last stage that stay, by their numbers there. To be called after `reduce`.
    std::vector<int> distinct_units() const {
        const Reduced& last = reduced_.back();
        std::vector<int> units;
        for (std::size_t i = 0; i < last.factor.size(); ++i)
            if (last.factor[i] != 0 && last.place[i] == static_cast<int>(units.size()))
                units.push_back(static_cast<int>(i));
        return units;
    }

  private:
    static constexpr bool kIsDouble = std::is_same_v<Number, double>;

    // A stage without twins, on the constant, the inputs, and the units that stay of the stages before.
    struct Reduced {
        int start = 0;  // the first column that later stages have for its units
        int width = 0, count = 0;
        long digits = 0;  // its units are 2^-digits of the integers
        std::vector<Number> rows;  // [place * width + column]: integers
        std::vector<int> place;  // [unit that was there]: the one of those that stay
        std::vector<Number> factor;  // [likewise]: it is that times this; 0: it is constant
        std::vector<Number> value;  // [likewise]: its output then
    };

    // The rows of all units of a stage, on what stays.
    void sum_rows(const Stage& stage) {
        const int n = stage.units;
        rows_.assign(static_cast<std::size_t>(n) * width_, Number(0));
        for (int i = 0; i < n; ++i) add(i, 0, constant_of(stage, i));
        for (const Term& term : stage.terms)
            for (int k = 0; k < term.columns; ++k)
                for (int i = 0; i < n; ++i) {
                    const std::size_t at = static_cast<std::size_t>(k) * n + i;
                    if (term.by_column[at] == 0 && !stage.is_out_of_range) continue;
                    if (const Number& weight = weight_of(term, at, i, k); weight != 0) {
                        if (term.source)
                            add_output(i, weight, reduced_[term.source - 1], k);
                        else
                            add(i, 1 + k, weight);
                    }
                }
    }

    static const Number& constant_of(const Stage& stage, int i) {
        if constexpr (kIsDouble)
            return stage.constant[i];
        else
            return stage.exact_constant[i];
    }

    static const Number& weight_of(const Term& term, std::size_t at, int i, int k) {
        if constexpr (kIsDouble)
            return term.by_column[at];
        else
            return term.exact->row(i)[k];
    }

    void add(int i, int column, const Number& entry) {
        add_exactly(rows_[static_cast<std::size_t>(i) * width_ + column], entry);
    }

    // A weight times the output of a unit that was there.
    void add_output(int i, const Number& weight, const Reduced& source, int unit) {
        const Number& factor = source.factor[unit];
        if (factor == 0) {
            if (source.value[unit] != 0) add(i, 0, multiply_exactly(weight, source.value[unit]));
            return;
        }
        const int place = source.place[unit];
        const Number own = multiply_exactly(weight, factor);
        add(i, source.start + place, factor > 0 ? own : Number(-own));
        if (factor > 0) return;
        const Number* row = &source.rows[static_cast<std::size_t>(place) * source.width];
        for (int c = 0; c < source.width; ++c)
            if (row[c] != 0) add(i, c, multiply_exactly(own, row[c]));
    }

    void find_twins(int units) {
        Reduced& r = reduced_.back();
        r.start = r.width = width_;
        r.place.assign(units, 0), r.factor.assign(units, Number(0)), r.value.assign(units, Number(0));
        std::unordered_map<std::string, int> at;
        std::vector<bool> is_turned;  // [place]
        for (int i = 0; i < units; ++i) {
            Number* row = &rows_[static_cast<std::size_t>(i) * width_];
            const Number* lead = std::find_if(row + 1, row + width_, [](const Number& x) { return x != 0; });
            const bool is_constant = lead == row + width_;
            if (is_constant && (r.count || i + 1 < units)) {
                if (row[0] > 0) r.value[i] = row[0];
                continue;
            }
            const Number content = content_of(row, width_);
            const bool turns = !is_constant && *lead < 0;
            std::string key;
            for (int c = 0; c < width_; ++c) {
                if (row[c] != 0) divide(row[c], content);
                append(key, row[c], turns);
            }
            const auto [found, is_new] = at.emplace(std::move(key), r.count);
            const int place = r.place[i] = found->second;
            if (is_new) {
                is_turned.push_back(turns);
                r.rows.insert(r.rows.end(), row, row + width_);
                ++r.count;
            }
            r.factor[i] = turns == is_turned[place] ? content : Number(-content);
        }
    }

    // The units of a stage, times a power of two by which they are about as large as what they read.
    void add_stage(Reduced& r) {
        each_source(r, [&](int, int first, int columns, long digits) {
            for (int p = 0; p < r.count; ++p)
                for (int c = first; c < first + columns; ++c)
                    if (const Number& x = r.rows[static_cast<std::size_t>(p) * r.width + c]; x != 0)
                        r.digits = std::max(r.digits, digits_of(x) + digits);
        });
        Stage stage{};
        stage.units = r.count;
        each_source(r, [&](int source, int first, int columns, long digits) {
            NearestDoubles nearest(static_cast<std::size_t>(columns) * r.count);
            bool is_read = false;
            for (int c = 0; c < columns; ++c)
                for (int p = 0; p < r.count; ++p)
                    if (const Number& x = r.rows[static_cast<std::size_t>(p) * r.width + first + c]; x != 0)
                        is_read = true, set(nearest, static_cast<std::size_t>(c) * r.count + p, x, digits - r.digits);
            stage.is_rounded = stage.is_rounded || nearest.is_rounded;
            stage.is_out_of_range = stage.is_out_of_range || nearest.is_out_of_range;
            if (source < 0) {
                stage.constant = std::move(nearest.high), stage.constant_low = std::move(nearest.low);
                stage.exact_constant = integers(r, first, columns, stage.constant, r.digits);
            } else if (is_read) {
                auto exact = lazy_integers(r, first, columns, nearest.high, r.digits - digits);
                stage.terms.push_back(
                    {source, columns, std::move(nearest.high), std::move(nearest.low), {}, {}, exact});
            }
        });
        stages_.push_back(std::move(stage));
    }

    // The constant (source -1), the inputs, and each stage before: its columns, and the digits of its units.
    template <class Visit>
    void each_source(const Reduced& r, const Visit& visit) {
        visit(-1, 0, 1, 0L);
        visit(0, 1, network_.dim, 0L);
        for (std::size_t s = 0; &reduced_[s] != &r; ++s)
            if (reduced_[s].count)
                visit(static_cast<int>(s) + 1, reduced_[s].start, reduced_[s].count, reduced_[s].digits);
    }

    static void set(NearestDoubles& nearest, std::size_t at, const Number& integer, long exponent) {
        if constexpr (kIsDouble) {
            nearest.high[at] = std::ldexp(integer, static_cast<int>(exponent));
            if (nearest.high[at] == 0 || !is_in_range(nearest.high[at])) throw RoundedError{};
        } else {
            nearest.set(at, integer, exponent);
        }
    }

    // Integers of some columns, by row, of which the doubles given are 2^-shift.
    static std::vector<mpz_class> integers(const Reduced& r, int first, int columns, const std::vector<double>& doubles,
                                           long shift) {
        if constexpr (kIsDouble) return scaled(doubles, shift);
        std::vector<mpz_class> result;
        for (int p = 0; p < r.count; ++p)
            for (int c = first; c < first + columns; ++c)
                result.emplace_back(r.rows[static_cast<std::size_t>(p) * r.width + c]);
        return result;
    }

    static std::shared_ptr<LazyIntegers> lazy_integers(const Reduced& r, int first, int columns,
                                                       const std::vector<double>& doubles, long shift) {
        if constexpr (kIsDouble) return std::make_shared<LazyIntegers>(doubles, r.count, shift);
        return std::make_shared<LazyIntegers>(integers(r, first, columns, doubles, shift), r.count);
    }

    const Network& network_;
    std::vector<Reduced> reduced_;
    std::vector<Stage> stages_;
    int width_ = 0;
    std::vector<Number> rows_;  // of the stage at work
};

// How many units may repeat others, as far as the shares of a few sums tell.
inline int most_twins(const Stage& stage) {
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

// Whether enough units may repeat others: each that is left out adds terms to the rows that read it.
inline bool may_have_twins(const Network& network) {
    constexpr int kFew = 16;  // units that are searched sooner than looked through
    constexpr int kShare = 8;  // one in so many has to be a twin
    int units = 0, twins = 0;
    for (const Stage& stage : network.stages) units += stage.forced ? 0 : stage.units;
    if (units < kFew) return false;
    for (const Stage& stage : network.stages) twins += stage.forced ? 0 : most_twins(stage);
    return kShare * twins >= units;
}

// Whether some stage is no longer known in doubles, and neither it nor one before was so: then the search is slower.
inline bool rounds_more(const std::vector<Stage>& stages, const std::vector<Stage>& than) {
    bool was_rounded = false, was_out_of_range = false;
    for (std::size_t s = 0; s < stages.size(); ++s) {
        if (stages[s].forced) continue;
        was_rounded = was_rounded || than[s].is_rounded;
        was_out_of_range = was_out_of_range || than[s].is_out_of_range;
        if ((stages[s].is_rounded && !was_rounded) || (stages[s].is_out_of_range && !was_out_of_range)) return true;
    }
    return false;
}

// The columns of a matrix of n rows, with some rows only.
inline std::vector<double> rows_of(const std::vector<double>& by_column, std::size_t n, const std::vector<int>& rows) {
    std::vector<double> result;
    result.reserve(by_column.size() / n * rows.size());
    for (std::size_t k = 0; k < by_column.size(); k += n)
        for (const int i : rows) result.push_back(by_column[k + i]);
    return result;
}

// Leave out all other units of a stage that nothing reads.
inline void keep(Stage& stage, const std::vector<int>& units) {
    const auto n = static_cast<std::size_t>(stage.units);
    stage.units = static_cast<int>(units.size());
    stage.constant = rows_of(stage.constant, n, units), stage.constant_low = rows_of(stage.constant_low, n, units);
    std::vector<mpz_class> constants;
    for (const int i : units) constants.push_back(stage.exact_constant[i]);
    stage.exact_constant = std::move(constants);
    for (Term& term : stage.terms) {
        term.by_column = rows_of(term.by_column, n, units);
        term.by_column_low = rows_of(term.by_column_low, n, units);
        std::vector<mpz_class> weights;
        for (const int i : units) {
            const std::vector<mpz_class>& row = term.exact->row(i);
            weights.insert(weights.end(), row.begin(), row.end());
        }
        term.exact = std::make_shared<LazyIntegers>(weights, stage.units);
    }
}

// Leave out twins of a network that is not finished.
inline void merge_twins(Network& network) {
    if (!may_have_twins(network)) return;
    if (std::none_of(network.stages.begin(), network.stages.end(),
                     [](const Stage& stage) { return stage.is_rounded || stage.is_out_of_range; })) {
        try {
            network.stages = TwinMerger<double>(network).reduce();
            return;
        } catch (const RoundedError&) {  // integers go further
        }
    }
    TwinMerger<mpz_class> merger(network);
    std::vector<Stage> stages = merger.reduce();
    if (!rounds_more(stages, network.stages))
        network.stages = std::move(stages);
    else if (Stage& last = network.stages.back(); !last.forced)  // nothing reads it: no sum rounds
        keep(last, merger.distinct_units());
}

}  // namespace relureg
