// What integers have found for a basis, so that they are asked once where many cells have the same one.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace relureg {

class KnownTies {
  public:
    using Key = std::vector<std::uint64_t>;

    std::optional<bool> find(const Key& key) const {
        const auto found = known_.find(key);
        if (found == known_.end()) return std::nullopt;
        return found->second;
    }
    void add(Key key, bool is_tie) {
        if (known_.size() >= kMost) known_.clear();  // those of cells that are behind are never asked for again
        known_.emplace(std::move(key), is_tie);
    }
    void clear() { known_.clear(); }

  private:
    static constexpr std::size_t kMost = 1 << 16;

    struct Hash {
        std::size_t operator()(const Key& key) const {
            std::uint64_t sum = 0;
            for (const std::uint64_t word : key) {
                sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
                sum ^= sum >> 32;
            }
            return sum;
        }
    };

    std::unordered_map<Key, bool, Hash> known_;
};

}  // namespace relureg
