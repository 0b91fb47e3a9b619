// Zeros, proved modulo primes of one word.
//
// Let N be the primitive integer vector on which the rows of a generator's facets vanish, and m a row of integers.
// Where the rows have rank r modulo p, their null vector there is a multiple of N, which p does not divide: so m
// vanishes on it iff p divides m . N. The entries of N divide minors of r independent rows, so that with Hadamard
//     |m . N| <= |m|_1 times the product of the r largest |row|_1.
// Where p divides m . N for primes whose product is larger, m . N = 0. One remainder that is not 0 shows that m . N is
// not. Nothing is allocated, and nothing grows. Where all parameters are doubles, rows are summed modulo p as they are
// in doubles, and no integer of any size is made.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <vector>

#include "../base/modular.hpp"
#include "exact_rung.hpp"
#include "integer_rows.hpp"

namespace relureg {

template <int D_, int W>
class ModularRung {
  public:
    ModularRung(int coordinates, int words, const std::int8_t* sign, const IntegerRows<D_>& integers,
                const ExactRung<D_, W>& exact)
        : coordinates_(coordinates), words_(words), sign_(sign), integers_(integers), exact_(exact),
          integer_row_(coordinates), row_(coordinates), pivots_(coordinates) {}

    // Whether a unit is proved to vanish at a generator.
    bool is_zero(const Place& place, const Context& context, int unit, int i) {
        bits_.clear();
        const int own = bits_of(context, unit);
        each_row<W>(place, i, words(),
                    [&](const Context* facet, int k) { bits_.push_back(facet ? bits_of(*facet, k) : 1); });
        std::sort(bits_.begin(), bits_.end(), std::greater<>());
        const std::size_t rank = std::min<std::size_t>(bits_.size(), D() - 1);
        int bits = own;
        for (std::size_t k = 0; k < rank; ++k) bits += bits_[k];
        if (bits > kMostPrimes * kPrimeBits) return false;
        int proved = 0;
        for (int k = 0; k < kMostPrimes && proved <= bits; ++k) {
            const std::uint64_t* x = generator(place, i, k);
            if (!x) continue;
            read(context, unit, k, row_.data());
            const Prime& p = primes()[k];
            std::uint64_t sum = 0;
            for (int j = 0; j < D(); ++j) sum = p.add(sum, p.multiply(row_[j], x[j]));
            if (sum) return false;
            proved += kPrimeBits;
        }
        return proved > bits;
    }

    // A row modulo the k-th prime, up to a factor. Small ones are integers as they stand, others are kept with the
    // context.
    void read(const Context& context, int unit, int k, std::uint64_t* out) {
        if (integers_.read(context, unit, integer_row_.data()))
            for (int j = 0; j < D(); ++j) out[j] = primes()[k].of(integer_row_[j]);
        else
            std::copy_n(row(context, unit, k), D(), out);
    }

    // The generator modulo the k-th prime, up to a factor; null where its rows have no full rank there.
    const std::uint64_t* generator(const Place& place, int i, int k) {
        Forms& forms = place.generators.tags(i).exact->need();
        if (!forms.residues) forms.residues = std::make_unique<std::vector<std::uint64_t>>();
        std::vector<std::uint64_t>& known = *forms.residues;
        while (known.size() < static_cast<std::size_t>(k + 1) * D()) {
            const int number = static_cast<int>(known.size()) / D();
            int count = 0;
            each_row<W>(place, i, words(), [&](const Context* facet, int unit) {
                rows_.resize(std::max(rows_.size(), static_cast<std::size_t>(count + 1) * D()));
                std::uint64_t* row = &rows_[static_cast<std::size_t>(count++) * D()];
                if (facet) return read(*facet, unit, number, row);
                std::fill_n(row, D(), std::uint64_t{0});
                row[unit] = 1;
            });
            known.resize(known.size() + D(), 0);
            std::uint64_t* x = &known[static_cast<std::size_t>(number) * D()];
            if (!null_vector(primes()[number], rows_.data(), count, D(), pivots_.data(), x)) std::fill_n(x, D(), 0);
        }
        const std::uint64_t* x = &known[static_cast<std::size_t>(k) * D()];
        return std::any_of(x, x + D(), [](std::uint64_t entry) { return entry != 0; }) ? x : nullptr;
    }

  private:
    int D() const { return D_ ? D_ : coordinates_; }
    int words() const { return W ? W : words_; }

    // Whether doubles are the parameters of a stage, and of all that it reads.
    static bool is_in_doubles(const Stage& data) { return !data.is_rounded && !data.is_out_of_range; }

    // |row|_1 in integers is less than 2^bits.
    int bits_of(const Context& context, int unit) {
        const Stage& data = *context.data;
        if (is_in_doubles(data) && data.norm[unit] < HUGE_VAL)
            return data.fraction_bits + std::ilogb(std::max(data.norm[unit], 1.0)) + 1;
        std::size_t bits = 0;
        for (const mpz_class& entry : exact_.row(context, unit))
            bits = std::max(bits, mpz_sizeinbase(entry.get_mpz_t(), 2));
        return static_cast<int>(std::min<std::size_t>(bits, 1 << 20)) + 64 - __builtin_clzll(D());
    }

    // A row of a context modulo the k-th prime: exactly that of the network where this is in doubles.
    const std::uint64_t* row(const Context& context, int unit, int k) {
        if (context.residues.empty()) context.residues.resize(context.data->units);
        std::vector<std::uint64_t>& known = context.residues[unit];
        while (known.size() < static_cast<std::size_t>(k + 1) * D()) {
            const Prime& p = primes()[known.size() / D()];
            if (is_in_doubles(*context.data))
                sum(context, unit, static_cast<int>(known.size()) / D(), known);
            else
                for (const mpz_class& entry : exact_.row(context, unit))
                    known.push_back(mpz_fdiv_ui(entry.get_mpz_t(), p.value()));
        }
        return &known[static_cast<std::size_t>(k) * D()];
    }

    // Append a row modulo the k-th prime, from the rows of the units that it reads.
    void sum(const Context& context, int unit, int k, std::vector<std::uint64_t>& out) {
        const Stage& data = *context.data;
        const Prime& p = primes()[k];
        const std::size_t at = out.size();
        out.resize(at + D(), 0);
        out[at] = p.of(data.constant[unit]);
        for (const Term& term : data.terms)
            for (const int column : columns_read(term, unit)) {
                const double weight = term.by_column[static_cast<std::size_t>(column) * data.stride + unit];
                if (weight == 0) continue;
                if (term.source == 0) {
                    out[at + 1 + column] = p.add(out[at + 1 + column], p.of(weight));
                    continue;
                }
                const Context& source = context.at(term.source - 1);
                if (sign_[source.data->first_unit + column] <= 0) continue;
                const std::uint64_t *read = row(source, column, k), factor = p.factor(weight);
                for (int j = 0; j < D(); ++j) out[at + j] = p.add(out[at + j], p.multiply(factor, read[j]));
            }
    }

    const int coordinates_, words_;
    const std::int8_t* sign_;
    const IntegerRows<D_>& integers_;
    const ExactRung<D_, W>& exact_;
    std::vector<std::int64_t> integer_row_;
    std::vector<std::uint64_t> row_, rows_;
    std::vector<int> pivots_, bits_;
};

}  // namespace relureg
