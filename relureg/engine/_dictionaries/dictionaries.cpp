// Cells as simplex dictionaries: the search for many inputs, with a proof of each answer.
#include "../_cells/interface/searchers.hpp"
#include "tree.hpp"

namespace relureg {

std::unique_ptr<Searcher> make_dictionary_search(const Network& network, const Options& options, Control& control) {
    return std::make_unique<Tree>(network, options, control);
}

}  // namespace relureg
