// Closes cells in which no Jacobian has a larger norm than one that is known.
//
// On a cell with some signs of a stage known, the Jacobian is F + sum_j t_j row_j: the sum goes over the units of the
// stage whose sign is not known to be negative, t_j is a column of what the outputs are of unit j, F is what they are
// of the input and of earlier stages. All t_j lie between two vectors, since later units are each some multiple between
// 0 and 1 of their pre-activation, and so do units whose sign is open. With t_j = c_j + e_j s_j, |s_j| <= 1, and K the
// Jacobian at s = 0, each entry of J J^T - K K^T is at most that of
//     |K row^T| e^T + e |row K^T| + e |row row^T| e^T
// in size: an eigenvalue of the one and one of the other bound the norm from 2 to 2. For other norms entries do.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "../_cells/cells/context.hpp"
#include "norm_bounds.hpp"

namespace relureg {

class NormCut {
  public:
    NormCut(const Network& network, std::shared_ptr<NormSearch> search, const std::int8_t* sign)
        : network_(network), search_(std::move(search)), sign_(sign), dim_(network.dim) {
        if (!search_) return;
        levels_.resize(network.stages.size());
        for (std::size_t k = 0; k < levels_.size(); ++k)
            if (!network.stages[k].forced) bound_errors(static_cast<int>(k));
    }
    ~NormCut() { flush(); }
    NormCut(const NormCut&) = delete;

    bool is_on() const { return search_ != nullptr; }

    // Whether the value of a region is known here, and not only to those who read its record.
    bool knows_values() const {
        const auto is_known = [this](const OutputGroup& group) {
            return group.input >= 0 || is_of_vectors(search_->p, search_->q, group.last - group.first);
        };
        return is_on() && (is_euclidean() || std::all_of(search_->groups.begin(), search_->groups.end(), is_known));
    }

    // The rows of a stage are known, and all signs before.
    void enter(const Context& context) {
        if (!is_on() || context.data->forced || !levels_[context.stage].is_known) return;
        Level& level = levels_[context.stage];
        const Stage& stage = *context.data;
        const int n = stage.units;
        level.rows.resize(static_cast<std::size_t>(n) * dim_);
        read_rows(context, level.rows.data());
        level.sizes.resize(n);
        for (int i = 0; i < n; ++i) level.sizes[i] = vector_norm(row(level, i), dim_, 1, Norm::two) * (1 + slack_);
        if (has_norms() && is_euclidean()) find_products(level, n);
        find_fixed(context, level);
    }

    // Whether nothing larger is in the cell for any group of outputs.
    bool closes(const Context& context, const std::vector<std::uint64_t>& open) {
        if (!is_on() || context.data->forced) return false;
        if (++cells_ >= 1024) flush();
        for (const OutputGroup& group : search_->groups)
            if (!(bounds(context, open, group).high <= group.closing.load(std::memory_order_relaxed))) return false;
        return true;
    }

    // A region is reached; all signs are known. Whether its norm may be larger than what is known.
    bool is_larger(const Context& context) {
        if (context.data->forced) return true;
        const std::vector<std::uint64_t> none((context.data->units + 63) / 64, 0);
        bool is_larger = false;
        for (OutputGroup& group : search_->groups) {
            const NormBounds found = bounds(context, none, group);
            is_larger = is_larger || !(found.high <= group.closing.load(std::memory_order_relaxed));
            group.raise_to(found.low);
        }
        return is_larger;
    }

    // Of the candidates of a stage that are open, the one on which the bound depends most.
    int most_influential(const Context& context, const std::vector<std::uint64_t>& open) const {
        const OutputWeights* weights = on_stage(context.stage);
        const Level& level = levels_[context.stage];
        int best = -1;
        double most = -1;
        const bool is_known = level.is_known;
        for (int i = 0; i < context.data->units; ++i) {
            if (!(open[i / 64] >> (i % 64) & 1)) continue;
            double size = 0;
            for (int a = 0; weights && a < search_->outputs; ++a) {
                const std::size_t at = static_cast<std::size_t>(a) * weights->columns + i;
                size = std::max({size, std::fabs(weights->low[at]), std::fabs(weights->high[at])});
            }
            size = is_known ? size * level.sizes[i] : 0.0;
            if (size > most) best = i, most = size;
        }
        return best;
    }

    void flush() {
        if (search_) search_->cells.fetch_add(cells_, std::memory_order_relaxed);
        cells_ = 0;
    }

  private:
    // False for what is no number as well: nothing is closed then.
    static bool is_moderate(double x) { return std::fabs(x) <= kMostSize; }

    struct Level {
        bool is_known = false;  // whether doubles reach
        std::vector<double> errors;  // [output * dim + input]: of K and the other terms, whatever the signs
        std::vector<double> rows;  // [unit * dim + input], in units of the inputs
        std::vector<double> sizes;  // [unit]: of its row, or a little more
        std::vector<double> products;  // [unit * units + unit]: |row . row|, or a little more
        std::vector<double> low, high;  // [output * dim + input]: F
    };

    bool has_norms() const { return !search_->groups.empty() && search_->groups.front().input < 0; }

    bool is_euclidean() const {
        if (search_->p != Norm::two) return false;
        const auto is_single = [](const OutputGroup& group) { return group.last - group.first == 1; };
        return search_->q == Norm::two || std::all_of(search_->groups.begin(), search_->groups.end(), is_single);
    }

    const OutputWeights* on(int stage, int source) const {
        for (const OutputWeights& weights : search_->levels[stage])
            if (weights.source == source) return &weights;
        return nullptr;
    }
    const OutputWeights* on_stage(int stage) const { return on(stage, stage + 1); }
    const double* row(const Level& level, int unit) const { return &level.rows[static_cast<std::size_t>(unit) * dim_]; }

    void read_rows(const Context& context, double* rows) const {
        const Stage& stage = *context.data;
        for (int j = 0; j < dim_; ++j) {
            const double* from = context.rows + static_cast<std::size_t>(j + 1) * stage.stride;
            for (int i = 0; i < stage.units; ++i)
                rows[static_cast<std::size_t>(i) * dim_ + j] = std::ldexp(from[i], -network_.exponents[j]);
        }
    }

    // |computed - true| <= sum |weight| (c + gamma) R with the stage's majorant R and relative error c.
    void bound_errors(int k) {
        const double share = gamma(4.0 * (network_.num_units + dim_ + 16));
        const double few = std::min(search_->outputs, kFewOutputs);
        double terms = dim_ + 2.0 * search_->outputs + few * few * few * few;
        for (const Stage& stage : network_.stages) terms += stage.units;
        slack_ = gamma(16 * terms + 64);
        Level& level = levels_[k];
        level.errors.assign(static_cast<std::size_t>(search_->outputs) * dim_, 0x1p-900);
        for (const OutputWeights& weights : search_->levels[k])
            for (int a = 0; a < search_->outputs; ++a)
                for (int i = 0; i < weights.columns; ++i) {
                    const std::size_t at = static_cast<std::size_t>(a) * weights.columns + i;
                    const double size = std::max(std::fabs(weights.low[at]), std::fabs(weights.high[at]));
                    add_error(weights.source, i, size, share, &level.errors[static_cast<std::size_t>(a) * dim_]);
                }
        for (double& error : level.errors) error *= 1 + slack_;
        level.is_known = std::all_of(level.errors.begin(), level.errors.end(), is_moderate);
        for (const OutputWeights& weights : search_->levels[k])
            level.is_known = level.is_known && std::all_of(weights.low.begin(), weights.low.end(), is_moderate) &&
                             std::all_of(weights.high.begin(), weights.high.end(), is_moderate);
    }

    void add_error(int source, int unit, double size, double share, double* errors) const {
        if (source == 0) {
            errors[unit] += share * size;
            return;
        }
        const Stage& stage = network_.stages[source - 1];
        if (stage.forced || size == 0) return;
        for (int j = 0; j < dim_; ++j) {
            const double most = std::ldexp(stage.majorant[static_cast<std::size_t>(j + 1) * stage.stride + unit],
                                           -network_.exponents[j]);
            errors[j] += size * (stage.relative_error[unit] + share) * most * (1 + slack_);
        }
    }

    void find_products(Level& level, int n) {
        level.products.resize(static_cast<std::size_t>(n) * n);
        for (int i = 0; i < n; ++i)
            for (int k = 0; k <= i; ++k) {
                double sum = 0;
                for (int j = 0; j < dim_; ++j) sum += row(level, i)[j] * row(level, k)[j];
                const double size = std::fabs(sum) + slack_ * level.sizes[i] * level.sizes[k];
                level.products[static_cast<std::size_t>(i) * n + k] = size;
                level.products[static_cast<std::size_t>(k) * n + i] = size;
            }
    }

    // F: of the input, and of earlier stages that later ones or the outputs read.
    void find_fixed(const Context& context, Level& level) {
        const std::size_t size = static_cast<std::size_t>(search_->outputs) * dim_;
        level.low.assign(size, 0.0), level.high.assign(size, 0.0);
        for (const OutputWeights& weights : search_->levels[context.stage]) {
            if (weights.source == context.stage + 1) continue;
            const Level* from = weights.source ? &levels_[weights.source - 1] : nullptr;
            if (weights.source && network_.stages[weights.source - 1].forced) continue;
            for (int a = 0; a < search_->outputs; ++a)
                for (int i = 0; i < weights.columns; ++i) {
                    const std::size_t at = static_cast<std::size_t>(a) * weights.columns + i;
                    const double low = weights.low[at], high = weights.high[at];
                    const std::size_t first = static_cast<std::size_t>(a) * dim_;
                    if (!from) {
                        level.low[first + i] += low, level.high[first + i] += high;
                    } else if (!from->is_known) {
                        level.is_known = false;
                    } else if (sign_[network_.stages[weights.source - 1].first_unit + i] > 0) {
                        const double* known = row(*from, i);
                        for (int j = 0; j < dim_; ++j) {
                            level.low[first + j] += std::min(low * known[j], high * known[j]);
                            level.high[first + j] += std::max(low * known[j], high * known[j]);
                        }
                    }
                }
        }
    }

    // The interval of t_j for an output; false: it is 0.
    bool interval(const OutputWeights& weights, const Context& context, const std::vector<std::uint64_t>& open, int a,
                  int i, double& low, double& high) const {
        const bool is_open = open[i / 64] >> (i % 64) & 1;
        if (!is_open && sign_[context.data->first_unit + i] <= 0) return false;
        const std::size_t at = static_cast<std::size_t>(a) * weights.columns + i;
        low = is_open ? std::min(weights.low[at], 0.0) : weights.low[at];
        high = is_open ? std::max(weights.high[at], 0.0) : weights.high[at];
        return low != 0 || high != 0;
    }

    NormBounds bounds(const Context& context, const std::vector<std::uint64_t>& open, const OutputGroup& group) {
        constexpr double kNothing = std::numeric_limits<double>::infinity();
        if (!levels_[context.stage].is_known) return {-kNothing, kNothing};
        if (group.input >= 0) {
            const NormBounds found = derivative(context, open, group);
            return std::isfinite(found.high - found.low) ? found : NormBounds{-kNothing, kNothing};
        }
        const NormBounds found = is_euclidean() ? by_products(context, open, group) : by_entries(context, open, group);
        return found.high <= kMostSize ? found : NormBounds{0.0, kNothing};  // also where it is no number
    }

    // Of one output in one input.
    NormBounds derivative(const Context& context, const std::vector<std::uint64_t>& open, const OutputGroup& group) {
        const Level& level = levels_[context.stage];
        const OutputWeights* weights = on_stage(context.stage);
        const std::size_t at = static_cast<std::size_t>(group.first) * dim_ + group.input;
        double least = level.low[at], most = level.high[at];
        for (int i = 0; weights && i < context.data->units; ++i) {
            double low, high;
            if (!interval(*weights, context, open, group.first, i, low, high)) continue;
            const double entry = row(level, i)[group.input];
            least += std::min(low * entry, high * entry), most += std::max(low * entry, high * entry);
        }
        least -= level.errors[at], most += level.errors[at];
        return group.sense > 0 ? NormBounds{least, most} : NormBounds{-most, -least};
    }

    NormBounds by_products(const Context& context, const std::vector<std::uint64_t>& open, const OutputGroup& group) {
        const Level& level = levels_[context.stage];
        const OutputWeights* weights = on_stage(context.stage);
        const int m = group.last - group.first, n = context.data->units;
        middle_.assign(static_cast<std::size_t>(m) * dim_, 0.0), radius_.assign(static_cast<std::size_t>(m) * n, 0.0);
        double fixed = 0, error = 0, largest = 0;
        for (int a = 0; a < m; ++a) {
            double* middle = &middle_[static_cast<std::size_t>(a) * dim_];
            const std::size_t first = static_cast<std::size_t>(group.first + a) * dim_;
            for (int j = 0; j < dim_; ++j) {
                middle[j] = 0.5 * (level.low[first + j] + level.high[first + j]);
                const double radius = 0.5 * (level.high[first + j] - level.low[first + j]);
                fixed += radius * radius, error += level.errors[first + j] * level.errors[first + j];
            }
            for (int i = 0; weights && i < n; ++i) {
                double low, high;
                if (!interval(*weights, context, open, group.first + a, i, low, high)) continue;
                const double t = 0.5 * (low + high);
                for (int j = 0; j < dim_; ++j) middle[j] += t * row(level, i)[j];
                if (low == high) continue;
                const double e = 0.5 * (high - low) + 0x1p-51 * std::max(std::fabs(low), std::fabs(high));
                radius_[static_cast<std::size_t>(a) * n + i] = e;
                largest = std::max(largest, e * level.sizes[i]);
            }
        }
        for (const double entry : middle_) largest = std::max(largest, std::fabs(entry));
        const double outside = (std::sqrt(fixed) + std::sqrt(error)) * (1 + slack_) + 0x1p-400;
        if (largest == 0) return {0.0, outside};
        if (!(largest >= kLeastSize && largest <= kMostSize)) return {0.0, std::numeric_limits<double>::infinity()};
        square_.assign(static_cast<std::size_t>(m) * m, 0.0), rest_.assign(static_cast<std::size_t>(m) * m, 0.0);
        const bool has_radius = add_products(level, m, n);
        const NormBounds square = largest_eigenvalue(square_, m);
        const double rest = has_radius ? perron_bound(rest_, m) : 0.0;
        return {std::sqrt(square.low) * (1 - slack_) - outside, std::sqrt(square.high + rest) * (1 + slack_) + outside};
    }

    // K K^T, and the sizes of the other terms; whether there are any.
    bool add_products(const Level& level, int m, int n) {
        sizes_.assign(m, 0.0);
        for (int a = 0; a < m; ++a) {
            const double* one = &middle_[static_cast<std::size_t>(a) * dim_];
            sizes_[a] = vector_norm(one, dim_, 1, Norm::two) * (1 + slack_);
            for (int b = 0; b <= a; ++b) {
                const double* two = &middle_[static_cast<std::size_t>(b) * dim_];
                double sum = 0;
                for (int j = 0; j < dim_; ++j) sum += one[j] * two[j];
                square_[static_cast<std::size_t>(a) * m + b] = square_[static_cast<std::size_t>(b) * m + a] = sum;
            }
        }
        bool has_radius = false;
        image_.resize(static_cast<std::size_t>(m) * n);
        for (int a = 0; a < m; ++a)
            for (int i = 0; i < n; ++i) {
                double product = 0, spread = 0;
                for (int j = 0; j < dim_; ++j)
                    product += middle_[static_cast<std::size_t>(a) * dim_ + j] * row(level, i)[j];
                for (int k = 0; k < n; ++k)
                    spread += radius_[static_cast<std::size_t>(a) * n + k] *
                              level.products[static_cast<std::size_t>(k) * n + i];
                // Both orders of the first two terms, and half of the third one in each.
                image_[static_cast<std::size_t>(a) * n + i] =
                    std::fabs(product) + slack_ * sizes_[a] * level.sizes[i] + 0.5 * spread;
                has_radius = has_radius || radius_[static_cast<std::size_t>(a) * n + i] != 0;
            }
        for (int a = 0; has_radius && a < m; ++a)
            for (int b = 0; b < m; ++b) {
                double sum = 0;
                for (int i = 0; i < n; ++i)
                    sum += image_[static_cast<std::size_t>(a) * n + i] * radius_[static_cast<std::size_t>(b) * n + i];
                rest_[static_cast<std::size_t>(a) * m + b] += sum, rest_[static_cast<std::size_t>(b) * m + a] += sum;
            }
        return has_radius;
    }

    NormBounds by_entries(const Context& context, const std::vector<std::uint64_t>& open, const OutputGroup& group) {
        const Level& level = levels_[context.stage];
        const OutputWeights* weights = on_stage(context.stage);
        const int m = group.last - group.first;
        largest_.assign(static_cast<std::size_t>(m) * dim_, 0.0), smallest_ = largest_;
        double size = 0;
        for (int a = 0; a < m; ++a) {
            const std::size_t first = static_cast<std::size_t>(group.first + a) * dim_;
            low_.assign(level.low.begin() + first, level.low.begin() + first + dim_);
            high_.assign(level.high.begin() + first, level.high.begin() + first + dim_);
            for (int i = 0; weights && i < context.data->units; ++i) {
                double low, high;
                if (!interval(*weights, context, open, group.first + a, i, low, high)) continue;
                for (int j = 0; j < dim_; ++j) {
                    const double entry = row(level, i)[j];
                    low_[j] += std::min(low * entry, high * entry), high_[j] += std::max(low * entry, high * entry);
                }
            }
            for (int j = 0; j < dim_; ++j) {
                const double error = level.errors[first + j];
                const std::size_t at = static_cast<std::size_t>(a) * dim_ + j;
                largest_[at] = std::max(std::fabs(low_[j]), std::fabs(high_[j])) + error;
                smallest_[at] = std::max({0.0, low_[j] - error, -high_[j] - error});
                size = std::max(size, largest_[at]);
            }
        }
        if (!(size >= kLeastSize && size <= kMostSize) && size != 0)
            return {0.0, std::numeric_limits<double>::infinity()};
        const double high = norm_of_sizes(largest_, m, dim_, search_->p, search_->q) * (1 + slack_);
        const bool is_known = is_of_vectors(search_->p, search_->q, m);
        return {is_known ? norm_of_sizes(smallest_, m, dim_, search_->p, search_->q) * (1 - slack_) : 0.0, high};
    }

    const Network& network_;
    const std::shared_ptr<NormSearch> search_;
    const std::int8_t* sign_;
    const int dim_;
    double slack_ = 0;
    std::int64_t cells_ = 0;
    std::vector<Level> levels_;
    std::vector<double> middle_, radius_, square_, rest_, sizes_, image_, largest_, smallest_, low_, high_;
};

}  // namespace relureg
