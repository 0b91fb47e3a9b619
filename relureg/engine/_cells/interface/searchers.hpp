// Who searches a run's batches; each is compiled on its own.
#pragma once

#include <memory>

#include "searcher.hpp"

namespace relureg {

// Cells by their generators: with bitsets of one word, or as wide as the network can need.
std::unique_ptr<Searcher> make_splitter(const Network& network, const Options& options, Control& control, bool wide);

// Cells by dictionaries, in any number of dimensions.
std::unique_ptr<Searcher> make_dictionary_search(const Network& network, const Options& options, Control& control);

inline std::unique_ptr<Searcher> make_search(const Network& network, const Options& options, Control& control,
                                             bool wide) {
    if (options.dictionaries) return make_dictionary_search(network, options, control);
    return make_splitter(network, options, control, wide);
}

}  // namespace relureg
