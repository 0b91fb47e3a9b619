// Zeros that need no generator: units whose hyperplane is parallel to a facet, or the facet itself.
//
// A unit that reads one active unit is affine in that one, and in lattices and networks with repeated units many rows
// are multiples of others. If m = alpha f + beta e_0 for the row f of a facet, then m . g = beta g_0 at each generator
// g of that facet: 0 in a direction, at a point the sign of beta. Doubles propose such a pair, integers prove it once,
// and the context of the unit remembers it.
#pragma once

#include <cmath>

#include "integer_rows.hpp"

namespace relureg {

template <int D_>
class Parallels {
  public:
    Parallels(int coordinates, const std::int8_t* sign, const IntegerRows<D_>& integers)
        : coordinates_(coordinates), sign_(sign), integers_(integers), row_(coordinates), facet_row_(coordinates) {}

    // Whether row and facet look parallel.
    bool propose(const double* row, const Context& facet, int facet_unit) const {
        int largest = 1;
        for (int j = 2; j < D(); ++j)
            if (std::fabs(row[j]) > std::fabs(row[largest])) largest = j;
        const double* f = facet.rows + facet_unit;
        const std::size_t stride = facet.data->stride;
        const double factor = row[largest] / f[largest * stride];
        if (!(std::fabs(factor) < HUGE_VAL)) return false;
        for (int j = 1; j < D(); ++j)
            if (std::fabs(row[j] - factor * f[j * stride]) > kClose * std::fabs(row[largest])) return false;
        return true;
    }

    // What is known of a unit's row and a facet's: m = alpha f + beta e_0, or not.
    struct Pair {
        int unit, facet_unit;
        std::uint64_t facet_serial;  // of its context
        int next;                    // pair of the unit; -1: none
        std::int8_t beta;            // its sign
        bool is_parallel;
    };

    // What has been proved of a unit and a facet, or null.
    const Pair* recall(const Context& context, int unit, const Context& facet, int facet_unit) const {
        const auto stage = static_cast<std::size_t>(context.stage);
        if (stages_.size() <= stage || stages_[stage].serial != context.serial) return nullptr;
        const OfStage& known = stages_[stage];
        for (int at = known.first[unit]; at >= 0; at = known.pairs[at].next)
            if (known.pairs[at].facet_serial == facet.serial && known.pairs[at].facet_unit == facet_unit)
                return &known.pairs[at];
        return nullptr;
    }

    // Whether anything has been proved of a unit.
    bool knows(const Context& context, int unit) const {
        const auto stage = static_cast<std::size_t>(context.stage);
        return stage < stages_.size() && stages_[stage].serial == context.serial && stages_[stage].first[unit] >= 0;
    }

    const Pair& prove(const Context& context, int unit, const Context& facet, int facet_unit) {
        if (const Pair* known = recall(context, unit, facet, facet_unit)) return *known;
        int beta = 0;
        const bool is_parallel = compare(context, unit, facet, facet_unit, beta);
        OfStage& of_stage = this->of_stage(context);
        int& first = of_stage.first[unit];
        of_stage.pairs.push_back({unit, facet_unit, facet.serial, first, static_cast<std::int8_t>(beta), is_parallel});
        first = static_cast<int>(of_stage.pairs.size()) - 1;
        return of_stage.pairs.back();
    }

  private:
    // Of the context of a stage that was last asked about.
    struct OfStage {
        std::uint64_t serial = 0;
        std::vector<Pair> pairs;
        std::vector<int> first;  // [unit]: the pair that was found last
    };

    OfStage& of_stage(const Context& context) {
        const auto stage = static_cast<std::size_t>(context.stage);
        if (stages_.size() <= stage) stages_.resize(stage + 1);
        OfStage& of_stage = stages_[stage];
        of_stage.first.resize(context.data->units, -1);
        if (of_stage.serial == context.serial) return of_stage;
        for (const Pair& pair : of_stage.pairs) of_stage.first[pair.unit] = -1;
        of_stage.pairs.clear();
        of_stage.serial = context.serial;
        return of_stage;
    }

    int D() const { return D_ ? D_ : coordinates_; }

    bool compare(const Context& context, int unit, const Context& facet, int facet_unit, int& beta) {
        if (integers_.read(context, unit, row_.data()) && integers_.read(facet, facet_unit, facet_row_.data()))
            return compare_integers(beta);
        const ExactVector& m = context.exact_row(unit, D() - 1, sign_);
        const ExactVector& f = facet.exact_row(facet_unit, D() - 1, sign_);
        int at = 1;
        while (at < D() && f[at] == 0) ++at;
        beta = 0;
        if (at == D()) return false;
        // m = (m_at / f_at) f + beta e_0
        for (int j = 1; j < D(); ++j)
            if (j != at && m[j] * f[at] != m[at] * f[j]) return false;
        const mpz_class difference = m[0] * f[at] - m[at] * f[0];
        beta = sgn(difference) * sgn(f[at]);
        return true;
    }

    bool compare_integers(int& beta) const {
        int at = 1;
        while (at < D() && facet_row_[at] == 0) ++at;
        beta = 0;
        if (at == D()) return false;
        const __int128 m = row_[at], f = facet_row_[at];
        for (int j = 1; j < D(); ++j)
            if (row_[j] * f != m * facet_row_[j]) return false;
        const __int128 difference = row_[0] * f - m * facet_row_[0];
        beta = ((difference > 0) - (difference < 0)) * (f > 0 ? 1 : -1);
        return true;
    }

    static constexpr double kClose = 1e-9;  // a proposal costs little

    const int coordinates_;
    const std::int8_t* sign_;
    const IntegerRows<D_>& integers_;
    std::vector<std::int64_t> row_, facet_row_;
    std::vector<OfStage> stages_;
};

}  // namespace relureg
