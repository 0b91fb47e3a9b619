// Tests of rays that are taken over from other cells.
#pragma once

#include "_dictionaries/known_rays.hpp"
#include "checks.hpp"

using namespace relureg;

namespace {

// A row that a ray is said to raise rises along every exact ray that the ray may stand for, whatever the row's exact
// entries are within their bounds: here both are off as far as they may be, in the worst directions.
void a_row_called_rising_rises() {
    Rng rng(11);
    std::normal_distribution<> normal;
    int num_rising = 0, num_falling = 0;
    for (int trial = 0; trial < 20000; ++trial) {
        const int dim = 1 + static_cast<int>(rng() % 7), width = in_fours(dim + 1);
        const double c = trial % 2 ? 0 : 0x1p-49;
        std::vector<double> row(width, 0.0), majorant(width, 0.0);
        NearRay near{std::vector<double>(width, 0.0), std::vector<double>(width, 0.0), {}};
        double last = 0, size = 0;
        for (int j = 0; j <= dim; ++j) row[j] = normal(rng), majorant[j] = 1.5 * std::fabs(row[j]);
        for (int j = 1; j < dim; ++j) near.ray[j] = normal(rng), last += near.ray[j] * row[j];
        near.ray[dim] = -last / row[dim];
        for (int j = 1; j <= dim; ++j) {
            if (trial % 3) near.change[j] = std::ldexp(std::fabs(normal(rng)), -45);
            size += majorant[j] * (c * std::fabs(near.ray[j]) + near.change[j]);
        }
        near.ray[dim] += (static_cast<double>(rng() % 65) - 16) / 16 * (size + 0x1p-52) / row[dim];
        Slot slot{};
        slot.row = row.data(), slot.majorant = majorant.data(), slot.relative_error = c;
        slot.side = trial % 4 ? 1 : -1;
        mpq_class least;
        for (int j = 1; j <= dim; ++j) {
            const mpq_class x = near.ray[j], m = slot.side * mpq_class(row[j]),
                            off = mpq_class(c) * mpq_class(majorant[j]);
            const mpq_class change = near.change[j];
            std::vector<mpq_class> ends;
            for (const int a : {-1, 1})
                for (const int b : {-1, 1}) ends.push_back((m + a * off) * (x + b * change));
            least += *std::min_element(ends.begin(), ends.end());
        }
        const bool is_rising = near.surely_raises(slot, width);
        CHECK(!is_rising || least > 0);
        num_rising += is_rising, num_falling += least < 0;
    }
    CHECK(num_rising > 2000 && num_falling > 2000);
}

}  // namespace
