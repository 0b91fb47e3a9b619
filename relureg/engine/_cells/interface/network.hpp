// The network as the splitter sees it: stages of units that are affine in the reduced input and in earlier
// stages, once in doubles with rigorous error bounds, once in integers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "../base/exact.hpp"

namespace relureg {

constexpr double kUnitRoundoff = 0x1p-53;
constexpr int kInexact = 255;  // "bits" of a number that is not a small exact integer

// gamma_n = n u / (1 - n u): n roundings in a row (Higham, Accuracy and Stability of Numerical Algorithms, 3.1).
inline double gamma(double n) { return n * kUnitRoundoff / (1 - n * kUnitRoundoff); }

// Weights on one source: 0 is the reduced input, l >= 1 is the output of stage l - 1 (counted from 0).
struct Term {
    int source;
    int columns;
    std::vector<double> by_column;  // [column * stride + unit]
    std::vector<double> by_column_low;  // what these lack of the true weights, in doubles; empty: nothing
    std::vector<int> readers_start;  // [unit / 4]: four units read only columns `read_columns[start .. next start)`
    std::vector<int> read_columns;
    std::shared_ptr<LazyIntegers>
        exact;  // [unit * columns + column], scaled so that all of a stage share one denominator
    std::vector<std::uint64_t> reads = {};  // [unit / 4 * words + word]: `read_columns` as bits, a word for 64 of them
};

struct Stage {
    int units;
    int stride;  // units, rounded up to a multiple of four: rows of that length, filled up with 0
    int first_unit;  // number of the first unit, over all stages
    bool forced;  // rows of the domain: only their positive side counts
    std::vector<double> constant;  // [stride]
    std::vector<double> constant_low;  // as for the weights
    std::vector<Term> terms;
    std::vector<mpz_class> exact_constant;
    bool is_rounded;  // a parameter is no double, and `constant` and `terms` hold its nearest one
    bool is_out_of_range;  // a parameter is too large or small for doubles: every decision is exact

    // The predicate's constants, derived in `Network::finish`.
    std::vector<int> all_units;  // 0, 1, 2, ...
    std::vector<double> input_rows;  // [coordinate * stride + unit]: constant and weights on the input
    std::vector<double> majorant;  // [coordinate * stride + unit]: R, all units active, all signs positive
    std::vector<double> relative_error;  // [stride]: c, |computed row - row| <= c R in each coordinate
    std::vector<double> value_error;  // [stride]: error of row . g for an exact generator of max-norm <= 1
    std::vector<double> norm;  // [stride]: |row|_1 is at most this
    std::vector<std::uint8_t> row_bits;  // [unit]: row * 2^fraction_bits is integral and |.|_1 < 2^row_bits
    int fraction_bits;
    std::uint64_t sources;  // bit s: source s is read; bit 0 is the input, bit 63 any source beyond 62

    // A bound on |true row|_1 from the computed one: that and its error, which is far below the majorant.
    double norm_of(int unit, double computed) const {
        return std::min(computed * (1 + 0x1p-20) + relative_error[unit] * norm[unit], norm[unit]);
    }
};

// The bit of a source in `Stage::sources` and in a generator's `quiet`; the last one is never set in `quiet`.
inline std::uint64_t source_bit(int source) { return std::uint64_t{1} << std::min(source, 63); }

// Number of binary digits after the point of a double (0 for integers).
inline int fraction_bits(double x) {
    if (x == 0) return 0;
    std::uint64_t pattern;
    std::memcpy(&pattern, &x, sizeof pattern);
    const int exponent = static_cast<int>(pattern >> 52 & 0x7ff);
    const std::uint64_t mantissa = (pattern & ((std::uint64_t{1} << 52) - 1)) | std::uint64_t{exponent != 0} << 52;
    return std::max(0, 1075 - std::max(exponent, 1) - __builtin_ctzll(mantissa));  // x = mantissa * 2^(exponent - 1075)
}

// The smallest absolute value that is not 0; infinity where there is none.
inline double smallest(const std::vector<double>& values) {
    double least = std::numeric_limits<double>::infinity();
    for (const double x : values)
        if (const double size = std::fabs(x); size > 0 && size < least) least = size;
    return least;
}

// Some columns of a term.
struct Columns {
    const int *first, *last;
    const int* begin() const { return first; }
    const int* end() const { return last; }
};

// Those that a unit, or one of the three in its block of four, reads.
inline Columns columns_read(const Term& term, int unit) {
    const int* columns = term.read_columns.data();
    return {columns + term.readers_start[unit / 4], columns + term.readers_start[unit / 4 + 1]};
}

class Network {
  public:
    int dim = 0;  // r, the number of essential inputs
    std::vector<int> exponents;  // [dim]: input j is 2^exponents[j] times coordinate j of the search
    std::vector<Stage> stages;
    int num_units = 0;  // with the rows of the domain

    // Derive the error bounds of all stages.
    //
    // The row of a unit is computed as constant + sum over sources of weight * row of an active unit. With R the
    // majorant (absolute values, every unit active) and n terms, each computed coordinate obeys
    //     |fl(m) - m| <= ((1 + c_sources)(1 + gamma_{n + 4}) - 1) R =: c R,
    // one rounding a product, n additions in any order, one rounding of a weight that is no double. The value at a
    // generator g with |g|_max <= 1 and stored error eps then errs by at most
    //     |R|_1 (c + gamma_{r + 3} (1 + c)) + |R|_1 (1 + c) eps.
    // 2^-900 absorbs underflow. R itself is computed in doubles and inflated by 2^-20 for its own rounding.
    void finish() {
        num_units = 0;
        for (auto& stage : stages) {
            lay_out(stage);
            find_input_rows(stage);
            inherit_range(stage);
            stage.fraction_bits = fraction_bits_of(stage);
            find_majorant(stage);
            stage.relative_error.assign(stage.stride, 0.0);
            std::fill_n(stage.relative_error.begin(), stage.units, relative_error_of(stage));
            stage.norm.assign(stage.stride, 0.0);
            stage.value_error.assign(stage.stride, 0.0);
            stage.row_bits.assign(stage.units, kInexact);
            for (int i = 0; i < stage.units; ++i) bound_unit(stage, i);
        }
    }

  private:
    // Numbers and room: every column filled up to the stride, units counted over all stages.
    void lay_out(Stage& stage) {
        const int n = stage.units, stride = stage.stride = (n + 3) & ~3;
        stage.all_units.resize(n);
        std::iota(stage.all_units.begin(), stage.all_units.end(), 0);
        stage.constant.resize(stride);
        if (!stage.constant_low.empty()) stage.constant_low.resize(stride);
        stage.sources = 0;
        for (auto& term : stage.terms) {
            term.by_column = spread(term.by_column, term.columns, n, stride);
            if (!term.by_column_low.empty()) term.by_column_low = spread(term.by_column_low, term.columns, n, stride);
            find_columns(term, stride);
            stage.sources |= source_bit(term.source);
        }
        stage.first_unit = num_units;
        num_units += n;
    }

    // The part of all rows that does not depend on the cell.
    void find_input_rows(Stage& stage) const {
        stage.input_rows.assign(static_cast<std::size_t>(dim + 1) * stage.stride, 0.0);
        std::copy(stage.constant.begin(), stage.constant.end(), stage.input_rows.begin());
        for (const auto& term : stage.terms)
            if (!term.source)
                std::copy(term.by_column.begin(), term.by_column.end(), stage.input_rows.begin() + stage.stride);
    }

    // What a stage reads inexactly it cannot compute exactly; and a product may underflow to 0.
    void inherit_range(Stage& stage) const {
        for (const auto& term : stage.terms) {
            if (!term.source) continue;
            const Stage& source = stages[term.source - 1];
            stage.is_rounded = stage.is_rounded || source.is_rounded;
            stage.is_out_of_range = stage.is_out_of_range || source.is_out_of_range ||
                                    smallest(term.by_column) * smallest(source.majorant) < 0x1p-900;
        }
    }

    // Digits after the point of all rows.
    int fraction_bits_of(const Stage& stage) const {
        int bits = 0;
        for (int i = 0; i < stage.units; ++i) bits = std::max(bits, fraction_bits(stage.constant[i]));
        for (const auto& term : stage.terms) {
            const int of_source = term.source ? stages[term.source - 1].fraction_bits : 0;
            for (const double weight : term.by_column) bits = std::max(bits, fraction_bits(weight) + of_source);
        }
        return bits;
    }

    // Rows that only see the input are taken over, not computed.
    static bool is_copied(const Stage& stage) {
        return std::all_of(stage.terms.begin(), stage.terms.end(), [](const Term& term) { return !term.source; });
    }

    // R.
    void find_majorant(Stage& stage) const {
        const std::size_t stride = stage.stride;
        stage.majorant.assign((dim + 1) * stride, 0.0);
        for (int i = 0; i < stage.units; ++i) stage.majorant[i] = std::fabs(stage.constant[i]);
        for (const auto& term : stage.terms)
            for (int k = 0; k < term.columns; ++k) add_column(stage, term, k);
        if (!is_copied(stage))
            for (double& r : stage.majorant) r *= 1 + 0x1p-20;
    }

    // The part of R that one column of weights makes: an input, or a unit of an earlier stage.
    void add_column(Stage& stage, const Term& term, int k) const {
        const std::size_t stride = stage.stride;
        const double* weight = &term.by_column[k * stride];
        const auto add = [&](int j, double r) {
            double* sum = &stage.majorant[j * stride];
            for (int i = 0; i < stage.units; ++i) sum[i] += std::fabs(weight[i]) * r;
        };
        if (!term.source) return add(k + 1, 1);
        const Stage& source = stages[term.source - 1];
        for (int j = 0; j <= dim; ++j) add(j, source.majorant[static_cast<std::size_t>(j) * source.stride + k]);
    }

    // c.
    double relative_error_of(const Stage& stage) const {
        double additions = 0, source_error = 0;
        for (const auto& term : stage.terms) {
            if (!term.source) continue;
            additions += term.columns;
            for (const double c : stages[term.source - 1].relative_error) source_error = std::max(source_error, c);
        }
        const double own = is_copied(stage) ? (stage.is_rounded ? gamma(1) : 0.0) : gamma(additions + 5);
        return ((1 + source_error) * (1 + own) - 1) * (1 + 0x1p-20);
    }

    // |R|_1 of a unit.
    double majorant_norm(const Stage& stage, int unit) const {
        double sum = 0;
        for (int j = 0; j <= dim; ++j) sum += stage.majorant[static_cast<std::size_t>(j) * stage.stride + unit];
        return sum * (1 + 0x1p-20);
    }

    // The bits of a unit's rows as integers. Below 2^53 they are computed without any rounding: sums, products and
    // values are exact.
    static int row_bits_of(const Stage& stage, double majorant_norm) {
        if (stage.is_rounded || stage.is_out_of_range || stage.fraction_bits >= 900 || !(majorant_norm < 0x1p900))
            return kInexact;
        int size = 0;
        std::frexp(majorant_norm, &size);
        size += stage.fraction_bits;
        return size <= 53 ? std::max(size, 0) : kInexact;
    }

    // What the predicate needs to know of a unit.
    void bound_unit(Stage& stage, int i) const {
        const double sum = majorant_norm(stage, i);
        const int bits = row_bits_of(stage, sum);
        if (bits != kInexact) stage.relative_error[i] = 0;
        const double c = stage.relative_error[i];
        const bool is_bounded = sum < 0x1p900 && !stage.is_out_of_range;
        stage.row_bits[i] = static_cast<std::uint8_t>(bits);
        stage.norm[i] = is_bounded ? sum * (1 + c) * (1 + 0x1p-40) : kUnbounded;
        stage.value_error[i] = is_bounded ? value_error_of(sum, c) : kUnbounded;
    }

    // The error of a value at an exact generator of max-norm at most 1.
    double value_error_of(double majorant_norm, double c) const {
        return majorant_norm * (c + gamma(dim + 3) * (1 + c)) * (1 + 0x1p-40) + 0x1p-900;
    }

    // No double settles anything then.
    static constexpr double kUnbounded = std::numeric_limits<double>::infinity();

    // A wide stage of a pruned network, or of a lattice, reads few columns a unit. (A weight that rounds to 0 has no
    // place in a stage of which doubles are asked; integers look at all columns there.)
    static void find_columns(Term& term, int stride) {
        const int words = (term.columns + 63) / 64;
        term.reads.assign(static_cast<std::size_t>(stride / 4) * words, 0);
        for (int first = 0; first < stride; first += 4) {
            term.readers_start.push_back(static_cast<int>(term.read_columns.size()));
            for (int k = 0; k < term.columns; ++k) {
                const double* weight = &term.by_column[static_cast<std::size_t>(k) * stride + first];
                if (weight[0] == 0 && weight[1] == 0 && weight[2] == 0 && weight[3] == 0) continue;
                term.read_columns.push_back(k);
                term.reads[static_cast<std::size_t>(first / 4) * words + k / 64] |= std::uint64_t{1} << (k % 64);
            }
        }
        term.readers_start.push_back(static_cast<int>(term.read_columns.size()));
    }

    // Columns of n entries, each filled up with 0 to `stride` entries.
    static std::vector<double> spread(const std::vector<double>& columns, int count, int n, int stride) {
        if (n == stride) return columns;
        std::vector<double> result(static_cast<std::size_t>(count) * stride, 0.0);
        for (int k = 0; k < count; ++k)
            std::copy_n(&columns[static_cast<std::size_t>(k) * n], n, &result[static_cast<std::size_t>(k) * stride]);
        return result;
    }
};

}  // namespace relureg
