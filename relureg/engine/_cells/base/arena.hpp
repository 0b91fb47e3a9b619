// Memory for one path of a depth-first search: bumped on the way down, released on the way up.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace relureg {

class Arena {
  public:
    struct Mark {
        std::size_t block, used;
    };

    Mark mark() const { return {block_, used_}; }
    void release(Mark mark) { block_ = mark.block, used_ = mark.used; }

    // Uninitialised room for `count` objects of a type that needs no destructor.
    template <class T>
    [[gnu::always_inline]] T* take(std::size_t count) {
        const std::size_t size = (count * sizeof(T) + 31) & ~std::size_t{31};
        if (block_ >= blocks_.size() || used_ + size > blocks_[block_].size) make_room(size);
        auto* memory = blocks_[block_].memory.get() + used_;
        used_ += size;
        return reinterpret_cast<T*>(memory);
    }

  private:
    struct Free {
        void operator()(std::byte* memory) const { std::free(memory); }
    };
    struct Block {
        std::unique_ptr<std::byte[], Free> memory;
        std::size_t size;
    };

    // Go to the next block with that much room; make one if there is none.
    [[gnu::noinline]] void make_room(std::size_t size) {
        while (block_ < blocks_.size() && used_ + size > blocks_[block_].size) ++block_, used_ = 0;
        if (block_ < blocks_.size()) return;
        const std::size_t wanted = std::max(size, std::size_t{1} << 20);
        auto* memory = static_cast<std::byte*>(std::aligned_alloc(32, (wanted + 31) & ~std::size_t{31}));
        if (!memory) throw std::bad_alloc();
        blocks_.push_back({std::unique_ptr<std::byte[], Free>(memory), wanted});
        used_ = 0;
    }

    std::vector<Block> blocks_;
    std::size_t block_ = 0, used_ = 0;
};

}  // namespace relureg
