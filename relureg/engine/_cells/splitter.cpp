// The splitter, for every size that it is compiled for: the part of a module that takes minutes to compile.
#include "interface/searchers.hpp"
#include "search/search.hpp"

namespace relureg {

std::unique_ptr<Searcher> make_splitter(const Network& network, const Options& options, Control& control, bool wide) {
    return make_searcher(network, options, control, wide);
}

}  // namespace relureg
