// A run: work units taken by a pool of threads; figures add up, records leave in chunks.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "search.hpp"
#include "worker.hpp"

namespace relureg {

class Run {
  public:
    Run(Network network, Options options, int jobs) : network_(std::move(network)), options_(options), jobs_(jobs) {
        network_.finish();
    }

    ~Run() {
        stop();
        join();
    }

    void start() {
        // The search recurses once a unit and once a stage; stacks are virtual memory until they are used.
        const std::size_t stack = (std::size_t{64} << 20) + 16384 * (network_.num_units + network_.stages.size());
        workers_.push_back(std::make_unique<Worker>(stack, [this] { guard([this] { open_units(); }); }));
        for (int i = 1; i < jobs_; ++i)
            workers_.push_back(std::make_unique<Worker>(stack, [this] { guard([this] { work(false); }); }));
    }

    void stop() { control_.stop = true; }

    void join() {
        workers_.clear();
    }

    // Wait until every worker has ended, a chunk of records is ready or the time is over; true: all have ended.
    bool wait(double seconds) {
        std::unique_lock lock(mutex_);
        const auto ready = [this] { return idle_ == jobs_ || !chunks_.empty(); };
        changed_.wait_for(lock, std::chrono::duration<double>(seconds), ready);
        return idle_ == jobs_;
    }

    bool take_chunk(Result& chunk) {
        std::lock_guard lock(mutex_);
        if (chunks_.empty()) return false;
        chunk = std::move(chunks_.front());
        chunks_.pop_front();
        return true;
    }

    Result figures() {
        std::lock_guard lock(mutex_);
        Result copy;
        copy.add_figures(total_);
        return copy;
    }

    std::int64_t regions_so_far() const { return control_.regions.load(); }
    bool was_stopped() const { return control_.stop.load(); }
    bool is_out_of_regions() const { return control_.out_of_regions.load(); }
    double fraction_done() {
        std::lock_guard lock(mutex_);
        return fraction_;
    }
    int num_units() {
        std::lock_guard lock(mutex_);
        return static_cast<int>(units_.size());
    }
    // Empty: no error. "memory", or a contradiction in words.
    std::string error() {
        std::lock_guard lock(mutex_);
        return error_;
    }

  private:
    // Deep enough that units are many more than threads, shallow enough that replaying prefixes costs nothing.
    static constexpr int kUnitDepth = 6;

    void open_units() {
        std::vector<Prefix> units;
        auto result = attempt([&](Searcher& searcher, Result& r) {
            units.clear();
            searcher.run({}, kUnitDepth, &units, r);
        });
        {
            std::lock_guard lock(mutex_);
            // What the prefixes do not cover is done already: regions met above that depth.
            fraction_ = 1;
            for (const auto& unit : units) fraction_ -= std::ldexp(1.0, -static_cast<int>(unit.size()));
            if (fraction_ < 0) fraction_ = 0;
            units_ = std::move(units);
            keep(std::move(result));
            opened_ = true;
        }
        changed_.notify_all();
        work(true);
    }

    void work(bool opened) {
        if (!opened) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return opened_ || control_.stop; });
        }
        for (;;) {
            Prefix prefix;
            {
                std::lock_guard lock(mutex_);
                if (next_ >= units_.size() || control_.stop) return;
                prefix = units_[next_++];
            }
            auto result = attempt([&](Searcher& searcher, Result& r) { searcher.run(prefix, -1, nullptr, r); });
            {
                std::lock_guard lock(mutex_);
                fraction_ += std::ldexp(1.0, -static_cast<int>(prefix.size()));
                keep(std::move(result));
            }
            changed_.notify_all();
        }
    }

    // With one-word bitsets; where a cell has too many facets for them, again with wide ones. Under a limit on regions
    // nothing may be counted twice, so wide ones come first where they could be needed.
    template <class Task>
    Result attempt(Task task) {
        thread_local std::unique_ptr<Searcher> searcher;
        thread_local Run* owner = nullptr;
        if (owner != this || !searcher) {
            searcher = make_searcher(network_, options_, control_, options_.max_regions && network_.num_units >= 64);
            owner = this;
        }
        Result result;
        try {
            task(*searcher, result);
        } catch (const TooManyFacetsError&) {
            searcher.reset();
            const auto wide = make_searcher(network_, options_, control_, true);
            result = Result{};
            task(*wide, result);
        }
        return result;
    }

    void keep(Result result) {
        total_.add_figures(result);
        if (options_.records && result.regions) chunks_.push_back(std::move(result));
    }

    template <class Body>
    void guard(Body body) {
        std::string error;
        try {
            body();
        } catch (const std::bad_alloc&) {
            error = "memory";
        } catch (const std::exception& e) {
            error = e.what();
        }
        {
            std::lock_guard lock(mutex_);
            if (!error.empty()) {
                error_ = error;
                control_.stop = true;
            }
            ++idle_;
        }
        changed_.notify_all();
    }

    Network network_;
    const Options options_;
    const int jobs_;
    Control control_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Prefix> units_;
    std::size_t next_ = 0;
    bool opened_ = false;
    int idle_ = 0;
    double fraction_ = 0;
    Result total_;
    std::deque<Result> chunks_;
    std::string error_;
};

}  // namespace relureg
