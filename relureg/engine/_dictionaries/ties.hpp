// What doubles cannot prove, in integers: an identity on the rows that a basis names.
#pragma once

#include <optional>
#include <vector>

#include "slots.hpp"

namespace relureg {

// A row (constant first) that is positive, or not negative, in a cell.
struct SignedRow {
    const ExactVector* row;
    int sign;
};

// Whether two rows are the same but for a factor.
inline bool are_parallel(const ExactVector& a, const ExactVector& b) {
    std::size_t pivot = 0;
    while (pivot < a.size() && a[pivot] == 0) ++pivot;
    if (pivot == a.size() || b[pivot] == 0) return false;
    for (std::size_t j = 0; j < a.size(); ++j)
        if (a[j] * b[pivot] != b[j] * a[pivot]) return false;
    return true;
}

// Whether one row is a negative multiple of another.
inline bool are_opposite(const SignedRow& a, const SignedRow& b) {
    std::size_t pivot = 0;
    while (pivot + 1 < a.row->size() && (*a.row)[pivot] == 0) ++pivot;
    return sgn((*a.row)[pivot]) * a.sign * sgn((*b.row)[pivot]) * b.sign < 0 && are_parallel(*a.row, *b.row);
}

// Whether the row of a unit of a stage is a positive (1) or negative multiple (-1) of that of another; 0: neither.
inline int same_direction(const Stage& stage, int a, int b) {
    ExactVector of_a{stage.exact_constant[a]}, of_b{stage.exact_constant[b]};
    for (const auto& term : stage.terms) {
        const std::vector<mpz_class>&row_a = term.exact->row(a), &row_b = term.exact->row(b);
        of_a.insert(of_a.end(), row_a.begin(), row_a.end());
        of_b.insert(of_b.end(), row_b.begin(), row_b.end());
    }
    if (!are_parallel(of_a, of_b)) return 0;
    return are_opposite({&of_a, 1}, {&of_b, 1}) ? -1 : 1;
}

// The largest value of sum . (1, x) between bounds, one of which may be let go of; none where nothing bounds it.
inline std::optional<mpq_class> largest_in(const Bounds<mpq_class>& bounds, const std::vector<mpq_class>& sum,
                                           const HalfSpace& beyond = {}) {
    mpq_class most = sum[0];
    for (std::size_t j = 1; j < sum.size(); ++j) {
        const int sign = sgn(sum[j]);
        if (!sign) continue;
        if (!(sign > 0 ? bounds.has_upper : bounds.has_lower)[j - 1]) return std::nullopt;
        if (beyond.is_bound() && beyond.input == static_cast<int>(j) - 1 && beyond.sign == sign) return std::nullopt;
        most += sum[j] * (sign > 0 ? bounds.upper : bounds.lower)[j - 1];
    }
    return most;
}

// The y with sum of y_i rows_i = -target in the entries named, if there is one: a numerator for each, over one
// denominator, which comes last. Rows that depend on others get 0. Fraction-free elimination (Bareiss 1968).
inline std::optional<ExactVector> multipliers(const std::vector<SignedRow>& rows, const SignedRow& target,
                                              const std::vector<int>& entries) {
    const std::size_t unknowns = rows.size();
    std::vector<ExactVector> system;
    for (const int j : entries) {
        ExactVector equation(unknowns + 1);
        for (std::size_t i = 0; i < unknowns; ++i) equation[i] = rows[i].sign * (*rows[i].row)[j];
        equation[unknowns] = -target.sign * (*target.row)[j];
        remove_twos(equation);
        system.push_back(std::move(equation));
    }
    std::vector<int> pivot_of_row;
    mpz_class previous = 1;
    std::size_t done = 0;
    for (std::size_t column = 0; column < unknowns && done < system.size(); ++column) {
        std::size_t pivot = done;
        while (pivot < system.size() && system[pivot][column] == 0) ++pivot;
        if (pivot == system.size()) continue;
        std::swap(system[done], system[pivot]);
        const ExactVector& by = system[done];
        for (std::size_t i = 0; i < system.size(); ++i) {
            if (i == done) continue;
            const mpz_class factor = system[i][column];
            for (std::size_t k = 0; k <= unknowns; ++k) {
                mpz_class& entry = system[i][k];
                entry *= by[column];
                if (factor != 0) mpz_submul(entry.get_mpz_t(), factor.get_mpz_t(), by[k].get_mpz_t());
                if (entry != 0) mpz_divexact(entry.get_mpz_t(), entry.get_mpz_t(), previous.get_mpz_t());
            }
        }
        previous = by[column];
        pivot_of_row.push_back(static_cast<int>(column));
        ++done;
    }
    for (std::size_t i = done; i < system.size(); ++i)
        if (system[i][unknowns] != 0) return std::nullopt;
    ExactVector y(unknowns + 1);
    y[unknowns] = previous;
    for (std::size_t i = 0; i < done; ++i) y[pivot_of_row[i]] = system[i][unknowns];
    if (previous < 0)
        for (auto& number : y) number = -number;
    return y;
}

// What the target is at most between bounds where the rows are not negative, by the multipliers y_i / y_last, none of
// which may be negative; none where they show no bound. It holds whatever they come from.
inline std::optional<mpq_class> largest_by(const Bounds<mpq_class>& bounds, const std::vector<SignedRow>& rows,
                                           const SignedRow& target, const ExactVector& y,
                                           const HalfSpace& beyond = {}) {
    for (const auto& number : y)
        if (number < 0) return std::nullopt;
    std::vector<mpq_class> sum(target.row->size());
    mpz_class entry;
    for (std::size_t j = 0; j < sum.size(); ++j) {
        entry = target.sign * y.back() * (*target.row)[j];
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (y[i] == 0) continue;
            if (rows[i].sign > 0)
                mpz_addmul(entry.get_mpz_t(), y[i].get_mpz_t(), (*rows[i].row)[j].get_mpz_t());
            else
                mpz_submul(entry.get_mpz_t(), y[i].get_mpz_t(), (*rows[i].row)[j].get_mpz_t());
        }
        sum[j] = entry;
    }
    auto most = largest_in(bounds, sum, beyond);
    if (most) *most /= y.back();
    return most;
}

}  // namespace relureg
