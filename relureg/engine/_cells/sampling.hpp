// A sample of the tree: a search that goes on with a cell by chance only, and lets it stand for those that it left out.
//
// Every cell on the way has a weight, the inverse of the chance with which the sample comes to it. What is added up in
// the cell counts that often, so that the expected value of the sum is what the whole search adds up, whatever the
// chances were (Russian roulette; [Knu75] is the case in which one side is chosen at every cut). The chances only decide
// how far a sum may lie off: they are best in proportion to what lies below. That is not known but expected, from the
// stage and the number of candidates that cut the cell; `expected` is learned from samples before.
//
// A cell of weight w in which e regions are expected stands for w * e of them. Where that is `threshold` or more, the
// search goes on with certainty; where it is less, with the chance s = w * e / threshold, and the weight is w / s from
// then on. So each cell that stays stands for about `threshold` regions, and some total / threshold of them stay.
// * The two sides of a cut share one random number (systematic sampling): if s1 + s2 = 1, exactly one of them stays.
// * The cells at the entrance of one stage share one as well: with S the sum of s over those before, a cell stays when
//   an integer lies in (u + S, u + S + s]. Which cells come to the entrance does not depend on that u: random numbers
//   at cuts are drawn from the path, not from a stream. So the chance to stay is s, given all that comes.
#pragma once

#include <algorithm>
#include <cmath>
#include <ctime>
#include <vector>

#include "hashing.hpp"
#include "result.hpp"

namespace relureg {

// What a sample adds up to: figures of Result and processor time, each times the weight of where it was added.
struct Sample {
    double regions = 0, bounded = 0, facet_sides = 0, boundary_facets = 0, seconds = 0;
    std::vector<double> per_stage;
    std::int64_t seen = 0;    // regions in the sample itself: a lower bound
    std::int64_t visits = 0;  // cells that were gone on with
    bool is_whole = true;   // nothing was left out: the figures are exact
    // [stage][cutting candidates]: how many such cells were gone on with, and the regions that they stand for.
    struct Learned {
        std::int64_t cells = 0;
        double regions = 0;
    };
    std::vector<std::vector<Learned>> learned;
};

struct SampleOptions {
    std::uint64_t seed = 0;
    double threshold = 0;
    bool is_probe = false;  // choose one side at every cut, and leave nothing out at entrances
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
        weight_ = 1;
        path_ = splitmix(options.seed);
        offsets_.clear();
        for (std::size_t i = 0; i < stages; ++i) offsets_.push_back(uniform(splitmix(path_ + i)));
        since_ = now();
    }
    Sample end() {
        flush();
        sample_.seen = result_->regions;
        options_ = nullptr;
        return std::move(sample_);
    }
    bool is_on() const { return options_; }
    bool is_too_large() const { return options_->most_visits && sample_.visits > options_->most_visits; }

    // The weights of the two sides of a cut beyond which so many candidates cut; 0: left out.
    struct Sides {
        double below = 0, above = 0;
    };
    Sides sides(int stage, int cutting_below, int cutting_above) {
        const double below = weight_ * expected(stage, cutting_below), above = weight_ * expected(stage, cutting_above);
        const double u = uniform(splitmix(path_));
        if (options_->is_probe) {
            sample_.is_whole = false;
            const double chance = above / (above + below);
            return u < chance ? Sides{0, weight_ / chance} : Sides{weight_ / (1 - chance), 0};
        }
        const double s = std::min(below / options_->threshold, 1.0), t = std::min(above / options_->threshold, 1.0);
        if (s < 1 || t < 1) sample_.is_whole = false;
        Sides kept;
        if (std::floor(u + s) > std::floor(u)) kept.below = weight_ / s;
        if (std::floor(u + s + t) > std::floor(u + s)) kept.above = weight_ / t;
        return kept;
    }

    // The weight of a cell at the entrance of a stage; 0: left out.
    double entrance(int stage, int cutting) {
        if (options_->is_probe) return weight_;
        const double s = std::min(weight_ * expected(stage, cutting) / options_->threshold, 1.0);
        if (s < 1) sample_.is_whole = false;
        double& offset = offsets_[stage];
        offset += s;
        if (offset < 1) return 0;
        offset -= 1;
        return weight_ / s;
    }

    // While a cell is gone on with: its weight, its place on the path, and what is learned of it in the end.
    class Visit {
      public:
        Visit(Sampler& sampler, double weight, int stage, int cutting, std::uint64_t step)
            : sampler_(sampler), weight_(sampler.weight_), path_(sampler.path_), stage_(stage), cutting_(cutting) {
            sampler.flush();
            sampler.weight_ = weight;
            sampler.path_ = splitmix(path_ ^ (step + 1));
            ++sampler.sample_.visits;
            regions_ = sampler.sample_.regions;
        }
        ~Visit() {
            sampler_.flush();
            sampler_.learn(stage_, cutting_, (sampler_.sample_.regions - regions_) / sampler_.weight_);
            sampler_.weight_ = weight_, sampler_.path_ = path_;
        }
        Visit(const Visit&) = delete;
        Visit& operator=(const Visit&) = delete;

      private:
        Sampler& sampler_;
        double weight_, regions_;
        std::uint64_t path_;
        int stage_, cutting_;
    };

  private:
    static double uniform(std::uint64_t word) { return static_cast<double>(word >> 11) * 0x1p-53; }

    double expected(int stage, int cutting) const {
        const auto& by_cutting = options_->expected[stage];
        return by_cutting[std::min<std::size_t>(cutting, by_cutting.size() - 1)];
    }

    void learn(int stage, int cutting, double regions) {
        auto& learned = sample_.learned[stage];
        if (static_cast<std::size_t>(cutting) >= learned.size()) learned.resize(cutting + 1);
        ++learned[cutting].cells;
        learned[cutting].regions += regions;
    }

    // Add up what was found at the present weight.
    void flush() {
        const double time = now();
        sample_.seconds += weight_ * (time - since_);
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

    static double now() {
        timespec time;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
    }

    const SampleOptions* options_ = nullptr;
    const Result* result_ = nullptr;
    Sample sample_;
    Result seen_;  // what has been added up
    double weight_ = 1, since_ = 0;
    std::uint64_t path_ = 0;          // the way from the root, hashed with the seed
    std::vector<double> offsets_;     // [stage]: u + S, less its integer part
};

}  // namespace relureg
