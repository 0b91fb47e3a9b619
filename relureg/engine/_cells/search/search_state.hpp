// What a search holds on its way from the whole space to a region: the path, its signs, and memory for it.
#pragma once

#include <vector>

#include "../cells/stage_rows.hpp"
#include "../interface/searcher.hpp"
#include "recorder.hpp"
#include "sharing.hpp"
#include "tally.hpp"

namespace relureg {

template <int D_, int W>
struct SearchState {
    SearchState(const Network& its_network, const Options& its_options, Control& its_control)
        : network(its_network), options(its_options), control(its_control), num_words(network.num_units / 64 + 1),
          hash_words(network.num_units), sign(network.num_units + 1, 0),
          oracle(network.dim + 1, num_words, sign.data(), options.audit), rows(network, sign.data()),
          tally(options, control, words()), recorder(network, num_walls(network), sign.data(), oracle) {}

    void begin(const Prefix& its_prefix, Result& its_result) {
        prefix = &its_prefix, result = &its_result;
        open.begin();
        is_comparing = false;
        tally.begin(its_result);
        its_result.per_stage.assign(network.stages.size(), 0);
        path.clear();
        arena.release({0, 0});
    }

    void end() {
        tally.flush_progress();
        result->statistics += oracle.statistics;
        oracle.statistics = Statistics{};
    }

    int D() const { return D_ ? D_ : network.dim + 1; }
    int words() const { return W ? W : num_words; }
    int rank(const Cell& cell) const { return network.dim - cell.lines.count; }

    // Whether the cell at this depth is part of the batch, and not only passed on the way to it.
    bool is_own(int depth) const { return depth >= static_cast<int>(prefix->size()); }

    // Whether the units of a stage only have to be counted. Then they leave no mark in hashes: the cells that they cut
    // are told apart by the stages before.
    bool counts(const Context& context) const {
        return !options.records && !options.enumerates && rows.is_last(context) && !context.data->forced;
    }

    // The hash of a cell beyond a cut.
    Hash step(const Context& context, Hash hash, int number, int side) const {
        return counts(context) ? hash : hash ^ hash_words.of(number, side);
    }

    void set_sign(int number, int its_sign) {
        sign[number] = static_cast<std::int8_t>(its_sign);
        if (options.records) recorder.set_sign(number, its_sign);
    }

    // The signs of the units whose bit is set: 1, 0 and else -1.
    void set_signs(int first, const int* unit, std::uint64_t mask, std::uint64_t positive, std::uint64_t zero) {
        std::int8_t* const signs = sign.data() + first;
        each_bit(mask, 0, [=](int k) {
            const int is_positive = positive >> k & 1, is_zero = zero >> k & 1;
            signs[unit[k]] = static_cast<std::int8_t>(2 * is_positive + is_zero - 1);
        });
        if (options.records) each_bit(mask, 0, [&](int k) { recorder.set_sign(first + unit[k], signs[unit[k]]); });
    }

    // A subtree that ends at the end of the path is done.
    void advance() {
        if (path.size() < kReportDepth) tally.advance(path.size());
    }

    const UnitNode* node_for(int unit, const UnitNode* next) {
        auto* node = arena.template take<UnitNode>(1);
        *node = {unit, next};
        return node;
    }

    std::uint64_t* scratch_mask() {
        mask_.assign(words(), 0);
        return mask_.data();
    }

    const Network& network;
    const Options options;
    Control& control;
    const int num_words;
    const Words hash_words;
    std::vector<std::int8_t> sign;  // [unit]: on the current path
    std::uint64_t num_contexts = 0;
    Arena arena;
    Predicate<D_, W> oracle;
    StageRows<D_> rows;
    Tally<W> tally;
    Recorder<D_, W> recorder;

    const Prefix* prefix = nullptr;
    Result* result = nullptr;
    Prefix path;
    OpenParts open{control, path};
    Sampler sampler;
    bool is_comparing = false;  // searching a cell that has been counted

  private:
    static int num_walls(const Network& network) {
        return !network.stages.empty() && network.stages[0].forced ? network.stages[0].units : 0;
    }

    std::vector<std::uint64_t> mask_;
};

}  // namespace relureg
