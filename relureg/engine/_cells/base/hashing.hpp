// 128-bit hashes of sign vectors: one fixed random word per unit and sign + or 0, combined by xor; none for -.
#pragma once

#include <cstdint>
#include <vector>

namespace relureg {

__extension__ typedef unsigned __int128 Wide;

struct Hash {
    std::uint64_t a = 0, b = 0;
    Hash operator^(const Hash& other) const { return {a ^ other.a, b ^ other.b}; }
    void operator^=(const Hash& other) { a ^= other.a, b ^= other.b; }
};

// Steele, Lea, Flood: SplitMix64, a bijection of 64-bit words that passes for random.
inline std::uint64_t splitmix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

class Words {
  public:
    explicit Words(int num_units) {
        for (std::uint64_t i = 0; i < 2ull * num_units; ++i) words_.push_back({splitmix(2 * i), splitmix(2 * i + 1)});
    }
    Hash of(int unit, int sign) const { return sign < 0 ? Hash{} : words_[2 * unit + sign]; }
    // What turns the word of a sign into the word of 0: the step from a region's hash to a facet's key.
    Hash to_zero(int unit, int sign) const { return of(unit, sign) ^ of(unit, 0); }

  private:
    std::vector<Hash> words_;
};

// A mixer without the xor structure of the keys: two folded 64 x 64 -> 128 bit products.
inline Wide mix(const Hash& key) {
    const Wide first = static_cast<Wide>(key.a ^ 0xa0761d6478bd642f) * (key.b ^ 0xe7037ed1a0b428db);
    const auto low = static_cast<std::uint64_t>(first), high = static_cast<std::uint64_t>(first >> 64);
    return static_cast<Wide>(low ^ key.b ^ 0x8ebc6af09c88c6e3) * (high ^ key.a ^ 0x589965cc75374cc3) ^ first;
}

}  // namespace relureg
