// A run: a pool of threads takes work units, which are sign prefixes, and gives parts of them to threads that have none.
// Figures add up, records leave in chunks.
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
        control_.give_away = [this](Prefix prefix) { give_away(std::move(prefix)); };
        units_.push_back({});  // the whole space
    }

    ~Run() {
        stop();
        join();
    }

    void start() {
        // The search recurses once a unit and once a stage; stacks are virtual memory until they are used.
        const std::size_t stack = (std::size_t{64} << 20) + 16384 * (network_.num_units + network_.stages.size());
        for (int i = 0; i < jobs_; ++i)
            workers_.push_back(std::make_unique<Worker>(stack, [this] { guard([this] { work(); }); }));
    }

    void stop() {
        {
            std::lock_guard lock(mutex_);
            control_.stop = true;
        }
        changed_.notify_all();
    }

    void join() {
        workers_.clear();
    }

    // Wait until every worker has ended, a chunk of records is ready or the time is over; true: all have ended.
    bool wait(double seconds) {
        std::unique_lock lock(mutex_);
        const auto ready = [this] { return ended_ == jobs_ || !chunks_.empty(); };
        changed_.wait_for(lock, std::chrono::duration<double>(seconds), ready);
        return ended_ == jobs_;
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
    bool is_out_of_regions() const { return control_.out_of_regions.load(); }
    double fraction_done() const { return std::min(std::ldexp(static_cast<double>(control_.done.load()), -kReportDepth), 1.0); }
    // Empty: no error. "memory", or a contradiction in words.
    std::string error() {
        std::lock_guard lock(mutex_);
        return error_;
    }

  private:
    void work() {
        for (Prefix prefix; next(prefix);) keep(search(prefix));
    }

    // Take a work unit; wait for one while other threads may give parts of theirs away. False: nothing is left to do.
    bool next(Prefix& prefix) {
        std::unique_lock lock(mutex_);
        ++waiting_;
        note_hunger();
        changed_.wait(lock, [this] { return !units_.empty() || waiting_ == jobs_ || control_.stop; });
        if (units_.empty() || control_.stop) {
            changed_.notify_all();
            return false;
        }
        --waiting_;
        prefix = std::move(units_.back());
        units_.pop_back();
        note_hunger();
        return true;
    }

    void note_hunger() { control_.is_hungry = waiting_ > static_cast<int>(units_.size()); }

    void give_away(Prefix prefix) {
        {
            std::lock_guard lock(mutex_);
            units_.push_back(std::move(prefix));
            note_hunger();
        }
        changed_.notify_all();
    }

    // With one-word bitsets; where a cell has too many facets for them, again with wide ones. Under a limit on regions
    // nothing may be counted twice, so wide ones come first where they could be needed.
    Result search(const Prefix& prefix) {
        thread_local std::unique_ptr<Searcher> searcher;
        thread_local Run* owner = nullptr;
        if (owner != this || !searcher) {
            searcher = make_searcher(network_, options_, control_, options_.max_regions && network_.num_units >= 64);
            owner = this;
        }
        Result result;
        try {
            searcher->run(prefix, {}, result);
        } catch (const TooManyFacetsError&) {
            const std::vector<Prefix> given = searcher->given();  // is done elsewhere
            const auto wide = make_searcher(network_, options_, control_, true);
            result = Result{};
            wide->run(prefix, given, result);
        }
        return result;
    }

    void keep(Result result) {
        {
            std::lock_guard lock(mutex_);
            total_.add_figures(result);
            if (!options_.records || !result.regions) return;
            chunks_.push_back(std::move(result));
        }
        changed_.notify_all();
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
            ++ended_;
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
    std::vector<Prefix> units_;  // given away and not yet taken; the last one is taken first
    int waiting_ = 0, ended_ = 0;
    Result total_;
    std::deque<Result> chunks_;
    std::string error_;
};

}  // namespace relureg
