// A sample of the tree: a search that goes on with a cell by chance only, and lets it stand for those that it left out.
//
// Every cell on the way has a weight, the inverse of the chance with which the sample comes to it. What is added up in
// the cell counts that often, so that the expected value of the sum is what the whole search adds up, whatever the
// chances were. They only decide how far a sum may lie off: best they are in proportion to what lies below. That is not
// known but expected, from the stage and the number of candidates that cut the cell; it is learned from samples before.
//
// A cell of weight w in which e regions are expected stands for w * e of them. Where that is `threshold` or more, the
// search goes on with certainty; where it is less, with the chance s = w * e / threshold, and the weight is w / s from
// then on (Russian roulette). So each cell that stays stands for `threshold` regions, and about total / threshold stay.
//
// The cells of one stage at one depth share a random number u (systematic sampling): with S the sum of s over those
// before it, a cell stays when an integer lies in (u + S, u + S + s]. Whether a cell comes so far is decided by cells
// at smaller depths and, at the entrance of a stage, by itself at that depth before, all with other random numbers. So
// the chance to stay is s, given all that comes; but of two siblings with s = 1/2 exactly one stays, and so on.
//
// A probe [Knu75] goes on with one side of every cut instead, and comes to one cell of the last stage.
#pragma once

#include <algorithm>
#include <vector>

#include "../base/hashing.hpp"
#include "../base/stopwatch.hpp"
#include "result.hpp"

namespace relureg {

// What a sample adds up to: figures of Result and processor time, each times the weight of where it was added.
struct Sample {
    double regions = 0, bounded = 0, facet_sides = 0, boundary_facets = 0, seconds = 0;
    double cells = 0;  // of the tree
    std::vector<double> per_stage;
    std::int64_t seen = 0;  // regions in the sample itself: a lower bound
    std::int64_t visits = 0;  // cells that were gone on with
    bool is_whole = true;  // nothing was left out: the figures are exact
    // [stage][cutting candidates]: how many such cells were gone on with, and the regions that are estimated in them.
    struct Learned {
        std::int64_t cells = 0;
        double regions = 0;
    };
    std::vector<std::vector<Learned>> learned;
};

struct SampleOptions {
    std::uint64_t seed = 0;
    double threshold = 0;  // 0: a probe
    std::int64_t most_visits = 0;  // break off when it goes on with more cells; 0: no limit
    std::vector<std::vector<double>> expected;  // [stage][cutting candidates]: regions, more than 0
};

class Sampler {
  public:
    void begin(const SampleOptions& options, const Result& result, std::size_t stages) {
        options_ = &options, result_ = &result;
        sample_ = Sample{};
        sample_.per_stage.assign(stages, 0);
        sample_.learned.resize(stages);
        seen_ = Result{};
        seen_.per_stage.assign(stages, 0);
        weight_ = 1, draws_ = 0;
        offsets_.clear();
        since_ = thread_nanoseconds();
    }
    Sample end() {
        flush();
        sample_.seen = result_->regions;
        options_ = nullptr;
        return std::move(sample_);
    }
    bool is_on() const { return options_; }
    bool is_probe() const { return options_ && !options_->threshold; }
    bool is_too_large() const { return options_->most_visits && sample_.visits > options_->most_visits; }

    // The weight of a cell of a stage that so many candidates cut, at its depth; 0: left out.
    double weight(int stage, int cutting, int depth, bool is_entrance) {
        if (is_probe()) return weight_;
        const auto& expected = options_->expected[stage];
        const double regions = expected[std::min<std::size_t>(cutting, expected.size() - 1)];
        const double chance = weight_ * regions / options_->threshold;
        if (chance >= 1) return weight_;
        sample_.is_whole = false;
        double& offset = offset_at(2 * (depth * sample_.per_stage.size() + stage) + is_entrance);
        offset += chance;
        if (offset < 1) return 0;
        offset -= 1;
        return weight_ / chance;
    }

    // While a cell is gone on with: its weight, and what is learned of it in the end.
    class Visit {
      public:
        Visit(Sampler& sampler, double weight, int stage, int cutting)
            : sampler_(sampler), before_(sampler.weight_), stage_(stage), cutting_(cutting) {
            sampler.change_weight(weight);
            ++sampler.sample_.visits;
            sampler.sample_.cells += weight;
            regions_ = sampler.sample_.regions;
        }
        ~Visit() {
            const double weight = sampler_.weight_;
            sampler_.change_weight(before_);
            sampler_.learn(stage_, cutting_, (sampler_.sample_.regions - regions_) / weight);
        }
        Visit(const Visit&) = delete;
        Visit& operator=(const Visit&) = delete;

      private:
        Sampler& sampler_;
        double before_, regions_;
        int stage_, cutting_;
    };

    // One side of a cut, which a probe goes on with; the other with the chance that is left.
    int choose(double chance_above) {
        sample_.is_whole = false;
        const bool is_above = draw() < chance_above;
        change_weight(weight_ / (is_above ? chance_above : 1 - chance_above));
        return is_above ? 1 : -1;
    }
    double weight() const { return weight_; }

    void change_weight(double weight) {
        flush();
        weight_ = weight;
    }

  private:
    double draw() { return static_cast<double>(splitmix(splitmix(options_->seed) + draws_++) >> 11) * 0x1p-53; }

    double& offset_at(std::size_t place) {
        if (place >= offsets_.size()) offsets_.resize(place + 1, -1);
        double& offset = offsets_[place];
        if (offset < 0)
            offset = static_cast<double>(splitmix(splitmix(options_->seed) ^ splitmix(place)) >> 11) * 0x1p-53;
        return offset;
    }

    void learn(int stage, int cutting, double regions) {
        auto& learned = sample_.learned[stage];
        if (static_cast<std::size_t>(cutting) >= learned.size()) learned.resize(cutting + 1);
        ++learned[cutting].cells;
        learned[cutting].regions += regions;
    }

    // Add up what was found at the present weight.
    void flush() {
        const std::int64_t time = thread_nanoseconds();
        sample_.seconds += weight_ * 1e-9 * static_cast<double>(time - since_);
        since_ = time;
        const auto add = [&](double& sum, std::int64_t found, std::int64_t& seen) {
            sum += weight_ * static_cast<double>(found - seen);
            seen = found;
        };
        add(sample_.regions, result_->regions, seen_.regions);
        add(sample_.bounded, result_->bounded, seen_.bounded);
        add(sample_.facet_sides, result_->facet_sides, seen_.facet_sides);
        add(sample_.boundary_facets, result_->boundary_facets, seen_.boundary_facets);
        for (std::size_t i = 0; i < sample_.per_stage.size(); ++i)
            add(sample_.per_stage[i], result_->per_stage[i], seen_.per_stage[i]);
    }

    const SampleOptions* options_ = nullptr;
    const Result* result_ = nullptr;
    Sample sample_;
    Result seen_;  // what has been added up
    double weight_ = 1;
    std::int64_t since_ = 0;  // on the thread's clock
    std::uint64_t draws_ = 0;
    std::vector<double> offsets_;  // u + S less its integer part, [depth, stage, at the entrance]; -1: not drawn yet
};

}  // namespace relureg
