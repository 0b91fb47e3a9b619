// The Python face of the splitter: networks in, figures and columns of records out.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "back_step.hpp"
#include "interface/nearest.hpp"
#include "interface/norms.hpp"
#include "interface/twins.hpp"
#include "runs/run.hpp"
#include "runs/watchdog.hpp"

namespace nb = nanobind;
using relureg::Records;
using relureg::Result;

namespace {

using Doubles = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;

std::vector<double> doubles(const Doubles& array) { return {array.data(), array.data() + array.size()}; }

// Whitespace-separated hexadecimal integers of any size.
std::vector<mpz_class> parse(const std::string& text) {
    std::vector<mpz_class> numbers;
    std::istringstream words(text);
    std::string word;
    while (words >> word) numbers.emplace_back(word, 16);
    return numbers;
}

class Builder {
  public:
    Builder(int dim, std::vector<int> exponents) {
        if (static_cast<int>(exponents.size()) != dim) throw std::invalid_argument("wrong number of exponents");
        network.dim = dim;
        network.exponents = std::move(exponents);
    }

    // All entries times the common denominator of the stage are integers: doubles times 2^shift, and the search reads
    // the doubles; or they are given, by row, in hexadecimal, and it reads what is nearest to them over 2^digits, where
    // the denominator has one digit more.
    void add_stage(int units, bool forced, long digits, const Doubles& constant, long shift,
                   const std::string& integers) {
        relureg::Stage stage{};
        stage.units = units;
        stage.forced = forced;
        stage.exact_constant = integers.empty() ? relureg::scaled(doubles(constant), shift) : parse(integers);
        if (static_cast<int>(stage.exact_constant.size()) != units)
            throw std::invalid_argument("wrong number of constants");
        auto nearest = integers.empty() ? given(constant) : made(stage.exact_constant, 1, -digits);
        read(nearest, stage, stage.constant, stage.constant_low);
        network.stages.push_back(std::move(stage));
        digits_.push_back(digits);
    }

    // Weights of the last stage added, by column.
    void add_term(int source, int columns, const Doubles& by_column, long shift, const std::string& integers) {
        auto& stage = network.stages.back();
        const std::size_t size = static_cast<std::size_t>(stage.units) * columns;
        const int expected =
            source ? (source < static_cast<int>(network.stages.size()) ? network.stages[source - 1].units : -1)
                   : network.dim;
        const std::vector<mpz_class> exact = parse(integers);
        if ((integers.empty() ? by_column.size() : exact.size()) != size || columns != expected)
            throw std::invalid_argument("wrong shape of weights");
        relureg::Term term{source, columns, {}, {}, {}, {}, nullptr};
        auto nearest = integers.empty() ? given(by_column)
                                        : made(exact, columns, (source ? digits_[source - 1] : 0) - digits_.back());
        read(nearest, stage, term.by_column, term.by_column_low);
        term.exact = integers.empty() ? std::make_shared<relureg::LazyIntegers>(term.by_column, stage.units, shift)
                                      : std::make_shared<relureg::LazyIntegers>(exact, stage.units);
        stage.terms.push_back(std::move(term));
    }

    void merge_twins() { relureg::merge_twins(network); }

    std::vector<int> widths() const {
        std::vector<int> units;
        for (const auto& stage : network.stages) units.push_back(stage.units);
        return units;
    }

    relureg::Network network;

  private:
    static relureg::NearestDoubles given(const Doubles& array) {
        relureg::NearestDoubles result(0);
        result.high = doubles(array);
        result.is_out_of_range = !std::all_of(result.high.begin(), result.high.end(), relureg::is_in_range);
        return result;
    }

    // By column, of integers by row.
    static relureg::NearestDoubles made(const std::vector<mpz_class>& by_row, std::size_t columns, long exponent) {
        relureg::NearestDoubles result(by_row.size());
        const std::size_t rows = by_row.size() / columns;
        for (std::size_t k = 0; k < columns; ++k)
            for (std::size_t i = 0; i < rows; ++i) result.set(k * rows + i, by_row[i * columns + k], exponent);
        return result;
    }

    static void read(relureg::NearestDoubles& nearest, relureg::Stage& stage, std::vector<double>& high,
                     std::vector<double>& low) {
        stage.is_rounded = stage.is_rounded || nearest.is_rounded;
        stage.is_out_of_range = stage.is_out_of_range || nearest.is_out_of_range;
        high = std::move(nearest.high), low = std::move(nearest.low);
    }

    std::vector<long> digits_;  // [stage]
};

template <class T>
auto array(std::vector<T> values) {
    auto* owned = new std::vector<T>(std::move(values));
    nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
    return nb::ndarray<nb::numpy, T, nb::ndim<1>>(owned->data(), {owned->size()}, owner);
}

relureg::Norm norm(const std::string& name) {
    if (name == "1") return relureg::Norm::one;
    if (name == "2") return relureg::Norm::two;
    if (name == "inf") return relureg::Norm::inf;
    throw std::invalid_argument("another norm");
}

// What the outputs are of a source, where the stages after `stage` are open: matrices by row.
void add_output_weights(relureg::NormSearch& norms, int stage, int source, int columns, const Doubles& low,
                        const Doubles& high) {
    relureg::OutputWeights weights{source, columns, doubles(low), doubles(high)};
    const std::size_t size = static_cast<std::size_t>(norms.outputs) * columns;
    if (stage < 0 || weights.low.size() != size || weights.high.size() != size)
        throw std::invalid_argument("wrong shape of weights");
    if (static_cast<int>(norms.levels.size()) <= stage) norms.levels.resize(stage + 1);
    norms.levels[stage].push_back(std::move(weights));
}

nb::object chunk(relureg::Run& run) {
    Records r;
    if (!run.take_chunk(r)) return nb::none();
    nb::dict columns;
    columns["patterns"] = array(std::move(r.patterns));
    columns["vanishing"] = array(std::move(r.vanishing));
    columns["bounded"] = array(std::move(r.bounded));
    columns["points"] = array(std::move(r.points));
    columns["facet_count"] = array(std::move(r.facet_count));
    columns["facet_length"] = array(std::move(r.facet_length));
    columns["facet_units"] = array(std::move(r.facet_units));
    columns["facet_wall"] = array(std::move(r.facet_wall));
    columns["facet_on_boundary"] = array(std::move(r.facet_on_boundary));
    columns["generator_count"] = array(std::move(r.generator_count));
    columns["generators"] = array(std::move(r.generators));
    columns["generator_zeros"] = array(std::move(r.generator_zeros));
    nb::dict exact;
    for (const auto& [region, coordinates] : r.exact_points) exact[nb::int_(region)] = nb::cast(coordinates);
    columns["exact_points"] = exact;
    return columns;
}

// A prefix in Python: for each step, the number of its unit plus 1, with the sign of the side.
using Steps = std::vector<int>;

Steps steps(const relureg::Prefix& prefix) {
    Steps result;
    for (const auto& step : prefix) result.push_back(step.side * (step.unit + 1));
    return result;
}

relureg::Prefix prefix(const Steps& steps, const relureg::Network& network) {
    int num_units = 0;
    for (const auto& stage : network.stages) num_units += stage.units;
    relureg::Prefix result;
    for (const int step : steps) {
        if (!step || std::abs(step) > num_units) throw std::invalid_argument("a prefix names a unit that is not there");
        result.push_back({std::abs(step) - 1, static_cast<std::int8_t>(step > 0 ? 1 : -1)});
    }
    return result;
}

nb::list remaining(relureg::Run& run) {
    nb::list result;
    for (const auto& prefix : run.remaining()) result.append(nb::tuple(nb::cast(steps(prefix))));
    return result;
}

using Cube = nb::ndarray<const double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using CubeOut = nb::ndarray<double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

// A step back of R functions on each of K cells, which may start from the same coefficients: into passed (K, R, n) and
// sums (4, K, R); `lines` are (4, K, n), as `Lines` has them.
void step_back(const Cube& coefficients, const Cube& lines, const Doubles& constant, const CubeOut& passed,
               const CubeOut& sums) {
    const std::size_t cells = passed.shape(0), rows = passed.shape(1), n = passed.shape(2);
    const bool is_same = coefficients.shape(0) == 1;
    if ((!is_same && coefficients.shape(0) != cells) || coefficients.shape(1) != rows || coefficients.shape(2) != n ||
        lines.shape(0) != 4 || lines.shape(1) != cells || lines.shape(2) != n || constant.size() != n ||
        sums.shape(0) != 4 || sums.shape(1) != cells || sums.shape(2) != rows)
        throw std::invalid_argument("arrays of other shapes than a step back takes");
    const std::size_t each = cells * n, count = cells * rows;
    for (std::size_t k = 0; k < cells; ++k) {
        const double* first = lines.data() + k * n;
        const relureg::Lines of_cell{first, first + each, first + 2 * each, first + 3 * each};
        for (std::size_t r = 0; r < rows; ++r) {
            const std::size_t at = k * rows + r;
            const auto found = relureg::step_back(coefficients.data() + (is_same ? r : at) * n, of_cell,
                                                  constant.data(), n, passed.data() + at * n);
            double* told = sums.data() + at;
            told[0] = found.lifted, told[count] = found.shift;
            told[2 * count] = found.absolute, told[3 * count] = found.weight;
        }
    }
}

std::string hexadecimal(relureg::Wide wide) {
    char text[33];
    std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(wide >> 64),
                  static_cast<unsigned long long>(wide));
    return text;
}

nb::dict figures(relureg::Run& run) {
    const Result total = run.figures();
    nb::dict result;
    result["regions"] = total.regions;
    result["bounded"] = total.bounded;
    result["unclassified"] = total.unclassified;
    result["facet_sides"] = total.facet_sides;
    result["boundary_facets"] = total.boundary_facets;
    result["per_stage"] = total.per_stage;
    result["unsummed_sides"] = total.unsummed_sides;
    result["counted_cells"] = total.counted_cells;
    result["compared_cells"] = total.compared_cells;
    result["balance"] = hexadecimal(total.balance);
    result["decisions"] = total.statistics.decisions;
    result["exact_decisions"] = total.statistics.exact;
    result["zeros"] = total.statistics.zeros;
    result["edges"] = total.statistics.edges;
    result["structural"] = total.statistics.structural;
    result["small_integers"] = total.statistics.small_integers;
    result["refined"] = total.statistics.refined;
    result["twofold"] = total.statistics.twofold;
    result["by_values"] = total.statistics.by_values;
    result["modular"] = total.statistics.modular;
    result["identities"] = total.statistics.identities;
    result["remembered"] = total.statistics.remembered;
    result["exact_nanoseconds"] = std::max(total.statistics.exact_time.nanoseconds, std::int64_t{0});
    result["nanoseconds"] = static_cast<std::int64_t>(1e9 * run.cpu_seconds());
    return result;
}

// A sample of what lies in the cell of a prefix, as a dictionary.
nb::dict sample(relureg::Run& run, const Steps& from, std::uint64_t seed, double threshold,
                std::vector<std::vector<double>> expected, std::int64_t most_visits) {
    if (threshold && expected.size() != run.network().stages.size())
        throw std::invalid_argument("wrong number of stages");
    const relureg::Prefix start = prefix(from, run.network());
    relureg::TakenSample taken;
    {
        nb::gil_scoped_release release;
        taken = run.sample(start, {seed, threshold, most_visits, std::move(expected)});
    }
    const relureg::Sample& s = taken.sample;
    nb::list learned;
    for (const auto& stage : s.learned) {
        nb::list seen;
        for (std::size_t cutting = 0; cutting < stage.size(); ++cutting)
            if (stage[cutting].cells)
                seen.append(nb::make_tuple(cutting, stage[cutting].cells, stage[cutting].regions));
        learned.append(seen);
    }
    nb::dict result;
    result["regions"] = s.regions;
    result["bounded"] = s.bounded;
    result["facet_sides"] = s.facet_sides;
    result["boundary_facets"] = s.boundary_facets;
    result["seconds"] = s.seconds;
    result["cells"] = s.cells;
    result["per_stage"] = nb::tuple(nb::cast(s.per_stage));
    result["seen"] = s.seen;
    result["visits"] = s.visits;
    result["is_whole"] = s.is_whole;
    result["is_complete"] = taken.is_complete;
    result["is_stopped"] = taken.is_stopped;
    result["learned"] = learned;
    return result;
}

}  // namespace

NB_MODULE(RELUREG_MODULE, m) {
    m.doc() = "The cell splitter; use it through relureg.engine.split.";
    nb::set_leak_warnings(false);  // a command that a limit ends leaves the search that it is in, however long a step
    m.def("has_modern_processor", [] {
#if defined(__x86_64__) && !defined(RELUREG_SANITIZE)  // sanitized, there is one module
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#else
        return false;
#endif
    });
    m.def("step_back", &step_back, nb::arg("coefficients"), nb::arg("lines"), nb::arg("constant"), nb::arg("passed"),
          nb::arg("sums"), nb::call_guard<nb::gil_scoped_release>());
    nb::class_<Builder>(m, "Network")
        .def(nb::init<int, std::vector<int>>(), nb::arg("dim"), nb::arg("exponents"))
        .def("add_stage", &Builder::add_stage, nb::arg("units"), nb::arg("forced"), nb::arg("digits"),
             nb::arg("constant"), nb::arg("shift"), nb::arg("integers"))
        .def("add_term", &Builder::add_term, nb::arg("source"), nb::arg("columns"), nb::arg("by_column"),
             nb::arg("shift"), nb::arg("integers"))
        .def("merge_twins", &Builder::merge_twins)
        .def_prop_ro("widths", &Builder::widths);
    nb::class_<relureg::NormSearch>(m, "NormSearch")
        .def(
            "__init__",
            [](relureg::NormSearch* self, int outputs, const std::string& p, const std::string& q) {
                new (self) relureg::NormSearch{outputs, norm(p), norm(q), {}, {}, {}};
            },
            nb::arg("outputs"), nb::arg("p"), nb::arg("q"))
        .def("add", &add_output_weights, nb::arg("stage"), nb::arg("source"), nb::arg("columns"), nb::arg("low"),
             nb::arg("high"))
        .def(
            "add_group",
            [](relureg::NormSearch& self, int first, int last, int input, int sense) {
                self.groups.emplace_back(first, last, input, sense);
            },
            nb::arg("first"), nb::arg("last"), nb::arg("input") = -1, nb::arg("sense") = 1)
        .def(
            "raise_to",
            [](relureg::NormSearch& self, int group, double value) { self.groups.at(group).raise_to(value); },
            nb::arg("group"), nb::arg("value"))
        .def_prop_ro("cells", [](const relureg::NormSearch& self) { return self.cells.load(); });
    nb::class_<relureg::Run>(m, "Run")
        .def(
            "__init__",
            [](relureg::Run* self, const Builder& builder, bool records, bool generators, bool audit,
               std::int64_t max_regions, bool enumerates, bool dictionaries, bool single, bool asks_bounded,
               std::int64_t chunk_regions, int jobs, const std::vector<Steps>& batches,
               std::shared_ptr<relureg::NormSearch> norms) {
                std::vector<relureg::Prefix> prefixes;
                for (const Steps& batch : batches) prefixes.push_back(prefix(batch, builder.network));
                relureg::Options options;
                options.records = records, options.generators = generators, options.audit = audit;
                options.max_regions = max_regions, options.enumerates = enumerates;
                options.dictionaries = dictionaries, options.single = single;
                options.asks_bounded = asks_bounded;
                options.chunk_regions = chunk_regions, options.norms = norms;
                if (norms) norms->levels.resize(builder.network.stages.size());
                new (self) relureg::Run(builder.network, options, jobs, std::move(prefixes));
            },
            nb::arg("network"), nb::arg("records"), nb::arg("generators"), nb::arg("audit"), nb::arg("max_regions"),
            nb::arg("enumerates"), nb::arg("dictionaries"), nb::arg("single") = false, nb::arg("asks_bounded") = true,
            nb::arg("chunk_regions") = 0, nb::arg("jobs"), nb::arg("batches"), nb::arg("norms") = nullptr)
        .def("start", &relureg::Run::start)
        .def("stop", &relureg::Run::stop)
        .def("hand_back", &relureg::Run::hand_back)
        .def("remaining", &remaining)
        .def("sample", &sample, nb::arg("prefix"), nb::arg("seed"), nb::arg("threshold"), nb::arg("expected"),
             nb::arg("most_visits"))
        .def("join", &relureg::Run::join, nb::call_guard<nb::gil_scoped_release>())
        .def("wait", &relureg::Run::wait, nb::arg("seconds"), nb::call_guard<nb::gil_scoped_release>())
        .def("take_chunk", &chunk)
        .def("figures", &figures)
        .def_prop_ro("regions_so_far", &relureg::Run::regions_so_far)
        .def_prop_ro("cpu_seconds", &relureg::Run::cpu_seconds)
        .def_prop_ro("fraction_done", &relureg::Run::fraction_done)
        .def_prop_ro("is_out_of_regions", &relureg::Run::is_out_of_regions)
        .def_prop_ro("error", &relureg::Run::error);
    nb::class_<relureg::Watchdog>(m, "Watchdog")
        .def(nb::init<int, double, double>(), nb::arg("signals"), nb::arg("patience"), nb::arg("most"))
        .def("limit_time", &relureg::Watchdog::limit_time, nb::arg("seconds"))
        .def("limit_memory", &relureg::Watchdog::limit_memory, nb::arg("bytes"), nb::arg("reserve"))
        .def("set_last_words", &relureg::Watchdog::set_last_words, nb::arg("reason"), nb::arg("out"), nb::arg("err"),
             nb::arg("code"))
        .def("set_temporaries", &relureg::Watchdog::set_temporaries, nb::arg("paths"))
        .def("acknowledge", &relureg::Watchdog::acknowledge)
        .def_prop_ro("reason", &relureg::Watchdog::reason)
        .def_prop_ro("seconds_since", &relureg::Watchdog::seconds_since);
}
